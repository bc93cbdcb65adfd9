// Elements of the page. Text goes in as text and nothing is parsed as HTML: what others wrote stays what it is.

const SVG = "http://www.w3.org/2000/svg";

export const element = (name, attributes, ...children) => made(document.createElement(name), attributes, children);
export const drawing = (name, attributes, ...children) =>
  made(document.createElementNS(SVG, name), attributes, children);

// Attributes that begin with `on` are listeners; null and false leave an attribute out.
function made(node, attributes = {}, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null));
  return node;
}
