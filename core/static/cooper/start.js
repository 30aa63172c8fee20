// Identity Center's shortcuts have their parameters in the fragment, which no server ever sees.
"use strict";

const shortcut = /^#\/console\/?\?(.+)$/.exec(location.hash);
// the path may stand below a prefix: all before "start" is kept
const base = location.pathname.replace(/start\/?$/, "");
if (shortcut) {
  // a "#" within the destination belongs to it
  location.replace(`${base}start/console?${shortcut[1].replaceAll("#", "%23")}`);
}
