// The workspace's page. The server renders every fragment; these scripts put them in place, send forms without leaving
// the page, and look after focus. Without them everything still works.
import { enhance } from "./dom.js";
import "./time.js";
import { live } from "./fragments.js";
import { startScrolling } from "./scroll.js";
import { syncModal } from "./dialogs.js";
import "./forms.js";
import "./combo.js";
import "./complete.js";
import "./composer.js";
import "./keys.js";

enhance(document);
startScrolling();
syncModal();
live();
