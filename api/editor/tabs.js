// One outbox a tab: two tabs of one browser share its storage and must not write over each other.
// In: localStorage, sessionStorage (or things like them), a plan. Out: the tab's name for its outbox, and what tabs that
// are no more could not send. Knows no page and no network.

const TAB = "gisgrid.tab", BEAT_MS = 4_000;

// Browsers let a hidden tab do something once a minute.
export const DEAD_MS = 90_000;

export const boxOf = (plan, tab) => `gisgrid.edits.${plan}.${tab}`;
const beatOf = (plan, tab) => `gisgrid.beat.${plan}.${tab}`;

// A full or forbidden storage: the tab lives without it.
function note(storage, name) {
  try {
    storage.setItem(name, String(Date.now()));
  } catch {
    // See above.
  }
}

// A tab says every few seconds that it lives; one that was closed says so, one that crashed falls silent.
function lives(storage, plan, tab, now) {
  return now - Number(storage.getItem(beatOf(plan, tab)) || 0) < DEAD_MS;
}

// The name of this tab's outbox. A reload keeps it; a tab that was doubled gets another, as the first one lives.
export function claim(storage, session, plan, now = Date.now()) {
  let tab = session.getItem(TAB);
  if (tab === null || lives(storage, plan, tab, now)) {
    tab = `${now.toString(36)}${Math.random().toString(36).slice(2, 8)}`;
    session.setItem(TAB, tab);
  }
  note(storage, beatOf(plan, tab));
  return tab;
}

// Say that the tab lives, until the page goes.
export function beat(storage, plan, tab, page) {
  const name = beatOf(plan, tab);
  const timer = setInterval(() => note(storage, name), BEAT_MS);
  page.addEventListener("pagehide", () => {
    clearInterval(timer);
    storage.removeItem(name);
  });
  // A page that comes back from the browser's memory lives again.
  page.addEventListener("pageshow", ({ persisted }) => { if (persisted) page.location.reload(); });
}

// The outboxes of tabs that are no more, the oldest first; from now on they are this tab's.
export function orphans(storage, plan, tab, now = Date.now()) {
  const prefix = boxOf(plan, ""), names = [];
  for (let i = 0; i < storage.length; i += 1) if (storage.key(i).startsWith(prefix)) names.push(storage.key(i));
  const found = [];
  for (const name of names.sort()) {
    const other = name.slice(prefix.length);
    if (other === tab || lives(storage, plan, other, now)) continue;
    try {
      const entries = JSON.parse(storage.getItem(name));
      if (Array.isArray(entries)) found.push(...entries);
    } catch {
      // What cannot be read cannot be sent.
    }
    storage.removeItem(name);
    storage.removeItem(beatOf(plan, other));
  }
  return found;
}
