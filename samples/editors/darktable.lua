--[[
darktable: a target storage "faceedit" for the export module, and masks of the faces as PFM for raster masks.

Put this file into ~/.config/darktable/lua/ and the line  require "darktable"  of that name into luarc:
    echo 'require "darktable-faceedit"' >> ~/.config/darktable/luarc
after renaming the file to darktable-faceedit.lua. Each exported picture goes through the recipe; its masks lie in the
folder "masks" beside the results, where darktable's external raster mask module finds them.
]]
local dt = require "darktable"

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local recipe = dt.new_widget("file_chooser_button") { title = "recipe", is_directory = false }
local folder = dt.new_widget("file_chooser_button") { title = "results", is_directory = true }
local masks = dt.new_widget("check_button") { label = "write masks, too", value = false }

local MASKS = [[
faceedit: 1
name: masks
steps:
  - {effect: masks, format: pfm, missing: skip}
output: {what: extras, no_faces: skip}
]]

local function run(recipe_path, photo, out)
  return dt.control.execute("faceedit apply " .. quoted(recipe_path) .. " " .. quoted(photo) ..
    " -o " .. quoted(out) .. " --quiet")
end

local function store(_storage, _image, _format, filename, number, total)
  dt.print(string.format("faceedit: %d of %d", number, total))
  if recipe.value == nil or folder.value == nil then
    dt.print("faceedit: choose a recipe and a folder for the results")
    return
  end
  if run(recipe.value, filename, folder.value) ~= 0 then
    dt.print_error("faceedit: " .. filename .. " was not done; see report.json in the folder")
  end
  if masks.value then
    local path = os.tmpname() .. ".yaml"
    local file = io.open(path, "w")
    file:write(MASKS)
    file:close()
    run(path, filename, folder.value .. "/masks")
    os.remove(path)
  end
end

dt.register_storage("faceedit", "faceedit", store, nil, nil, nil,
  dt.new_widget("box") { orientation = "vertical", recipe, folder, masks })
