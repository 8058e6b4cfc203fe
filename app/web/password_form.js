/** The field for a file's password. What is typed goes to whoever sends the file, and nowhere else. */

import { button, make, worded } from "./dom.js";
import { label } from "./words.js";

// As the service takes it.
const LONGEST = 1000;

/** Return `{element, show(visible)}` for the file `name`; onSubmit(password) gets what was typed. */
export function createPasswordForm(name, onSubmit) {
  const input = make("input");
  input.type = "password";
  input.autocomplete = "off";
  input.required = true;
  input.maxLength = LONGEST;
  label(input, "passwordOf", { name });
  const send = button({ key: "unlock", className: "outline small", onClick: () => {} });
  send.type = "submit";
  const field = make("label", "upload-password-field", worded("span", "", "password"), input);
  const element = make("form", "upload-password", field, send);
  element.hidden = true;
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const password = input.value;
    element.reset();
    onSubmit(password);
  });

  function show(visible) {
    if (!visible) element.reset();
    element.hidden = !visible;
  }

  return { element, show };
}
