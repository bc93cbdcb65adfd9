// What the algorithm's components do, in words for the viewer of a page: those of `plainview why`, which tests compare.
// A name that has none here, a later release's perhaps, is given as it is.

const DAY = 86_400;

const HEADS = {
  rank: "its rank by what you watch long (score)",
  long_view: "that you watch it long",
  complete: "that you watch all of it",
  like: "that you like it",
  follow: "that you follow its creator",
  share: "that you share it",
  comment: "that you comment on it",
  not_interested: "that you are not interested",
  report: "that you report it",
  watched: "how long you watch it, of two minutes",
};

const SOURCES = {
  followed: "one of the latest videos of a creator you follow",
  similar: "it is like what you watched long or liked",
  "co-watched": "often watched together with what you watched long or liked",
  fresh: "new{few}: drawn by chance, to find out who likes it",
  popular: "popular {where}: watched long or liked by many of late{halfLife}",
  ordered: "an order asks for it, and nothing else found it",
};
const PLAIN_SOURCES = { ...SOURCES, fresh: "one of the newest videos" };

const SELECTORS = {
  value: "where its value alone puts it",
  diversity: "moved, up or down, as videos that resemble one above them (tags, sound) were made to count less",
  spacing: "moved, up or down, as each further video of one creator was made to count less",
  exploration: "drawn by chance{chance} among new videos, for one of which this place is kept",
  ordered: "put there by order{order}, whatever its value: somebody decided that it be shown",
  list: "the next one in a list that knows nothing of you",
};

// What a selector takes off a value.
export const COSTS = {
  diversity: "for being like a video above it (diversity)",
  spacing: "for being a further video of its creator (spacing)",
};

const FILTERS = {
  ineligible: "a moderation decision keeps it from your region ({region}) or age ({age})",
  age: "its creator made it for older viewers (your age: {age})",
  "blocked-creator": "you blocked its creator",
  "muted-tag": "you muted one of its tags",
  seen: "it was on one of your earlier pages",
};

const own = (table, name, otherwise) => (Object.hasOwn(table, name) ? table[name] : otherwise);
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
export const counted = (number) => number.toLocaleString("en-US");

export const predicted = (head) => own(HEADS, head, head);

// How the video was found, as far as its source says.
export function found(item, request, configuration) {
  const words = request.mode === "plain" ? PLAIN_SOURCES : SOURCES;
  const listed = configuration.regions.slice(1).includes(request.region); // the first stands for everywhere
  return filled(own(words, item.source, `found by ${item.source}`), {
    few: `, shown less than ${counted(configuration.exploration.newcomers)} times`,
    where: listed ? `in ${request.region} or everywhere` : "everywhere",
    halfLife: ` (halved every ${duration(configuration.learning.popular_half_life)})`,
  });
}

// How it came to its place; `among` how many it was drawn and by which `order`, null where it was not.
export function placed(item, among, order) {
  return filled(own(SELECTORS, item.selector, `placed by ${item.selector}`), {
    chance: among === null ? "" : `, 1 in ${counted(among)},`,
    order: order === null ? "" : ` ${order}`,
  });
}

// Why that filter keeps a video out.
export const keptOut = (name, request) => filled(own(FILTERS, name, `kept out by ${name}`), request);

function duration(seconds) {
  for (const [unit, length] of [
    ["day", DAY],
    ["hour", 3600],
    ["minute", 60],
  ]) {
    if (seconds >= length && seconds % length === 0) {
      const count = seconds / length;
      return count === 1 ? unit : `${counted(count)} ${unit}s`;
    }
  }
  return `${counted(seconds)} seconds`;
}
