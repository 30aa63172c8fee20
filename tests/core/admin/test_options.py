"""A ModelAdmin of ours is composed of views and functions rather than of mixins."""

from core import admin

OURS = ("core.", "accounts.", "brokers.")


def our_bases(admin_class: type) -> list[type]:
    return [base for base in admin_class.__mro__[1:] if base.__module__.startswith(OURS)]


def test_an_admin_has_two_bases_at_most_and_few_behind_them():
    for model_admin in admin.site._registry.values():
        admin_class = type(model_admin)
        assert len(admin_class.__bases__) <= 2, admin_class
        # step-up, perhaps a plainer admin of the same document, and the four of ModelAdmin
        assert len(our_bases(admin_class)) <= 6, admin_class


def test_the_largest_admin_has_five():
    [target_admin] = [each for each in admin.site._registry if each.__name__ == "Target"]
    assert len(our_bases(type(admin.site._registry[target_admin]))) == 5
