-- Uses only the conditions and their status: words that come later change nothing here.
-- Argo CD opens base, table and package, and the safe part of os: there are no string functions.
local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end

local ready = conditions.Ready
if ready == nil then
  return { status = "Progressing", message = "Countersign has not reconciled it yet" }
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "Countersign has not reconciled the latest change yet" }
end

local function holds(condition)
  return condition ~= nil and condition.status == "True"
end

if holds(conditions.Stalled) then
  return { status = "Degraded", message = conditions.Stalled.message }
end
if holds(ready) then
  local message = ready.message
  local handed = conditions.HandedOver
  if handed ~= nil and handed.status == "False" then
    message = message .. "; " .. handed.message
  end
  return { status = "Healthy", message = message }
end
if ready.status ~= "False" or holds(conditions.Reconciling) then
  return { status = "Progressing", message = ready.message }
end
-- People are asked, or one of them said no, or the time was up: nothing is broken.
return { status = "Suspended", message = ready.message }
