// A page's answer with its receipt, as a file that `plainview verify` and `plainview why` read.

import { element } from "./element.js";

export function keepReceipt(page) {
  const file = new Blob([JSON.stringify(page.answer)], { type: "application/json" });
  const href = URL.createObjectURL(file);
  element("a", { href, download: `page-${page.answer.receipt.index}.json` }).click();
  URL.revokeObjectURL(href);
}
