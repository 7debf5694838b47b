// The list of communities: its buttons begin a plan and open it.

import { api } from "./api.js";

const told = document.getElementById("told");

async function begin(button) {
  const { community, from } = button.dataset;
  for (const each of document.querySelectorAll("button")) each.disabled = true;
  told.hidden = false;
  told.className = "notice";
  told.textContent = from === "draw" ? "正在划分，可能需要几十秒……  Drawing …" : "正在起草……  Beginning a draft …";
  try {
    const plan = await api.draw(community, from);
    location.href = `/planner/${encodeURIComponent(plan.plan)}`;
  } catch (fault) {
    told.className = "fault";
    told.textContent = fault.message;
    for (const each of document.querySelectorAll("button")) each.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-community]");
  if (button) begin(button);
});
