-- What consumers report. Argo CD shows it in the tree; it does not count towards the health of the Application.
local reported = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.status == "True" then
      reported[condition.type] = condition
    end
  end
end

local words = {
  { "Rejected", "Degraded" },
  { "Failed", "Degraded" },
  { "Completed", "Healthy" },
  { "Acknowledged", "Progressing" },
}
for _, word in ipairs(words) do
  local found = reported[word[1]]
  if found ~= nil then
    return { status = word[2], message = found.message }
  end
end
return { status = "Suspended", message = "waiting for a consumer to take it over" }
