"""The form of what a person prefers; it changes what it was sent with, and leaves the rest."""

from django import forms

from accounts import preferences
from accounts.preferences import Preferences

THEMES = [("system", "As the system is"), ("light", "Light"), ("dark", "Dark")]
TABS = [("yes", "In a new tab"), ("no", "In the same tab")]


class PreferencesForm(forms.Form):
    """The theme of all pages, and where the console opens."""

    theme = forms.ChoiceField(
        label="Theme", choices=THEMES, required=False, widget=forms.RadioSelect
    )
    new_tab = forms.ChoiceField(
        label="The console opens", choices=TABS, required=False, widget=forms.RadioSelect
    )

    def save(self, person: str, stored: Preferences) -> None:
        """Keep what differs from what is stored, each in one write; raise CooperError."""
        theme = self.cleaned_data["theme"]
        if theme and theme != stored.theme:
            preferences.set_theme(person, theme)

        new_tab = self.cleaned_data["new_tab"]
        if new_tab and (new_tab == "yes") != stored.new_tab:
            preferences.set_new_tab(person, new_tab == "yes")


def filled_form(stored: Preferences) -> PreferencesForm:
    """Return the form with what is stored."""
    new_tab = "yes" if stored.new_tab else "no"
    return PreferencesForm(initial={"theme": stored.theme, "new_tab": new_tab})
