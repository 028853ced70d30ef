-- Within darktable: the adapter registers itself; its own storage then gets an exported picture, as on export.
local folder = os.getenv("FACEEDIT_CHECK")
local darktable, stored, widgets = require "darktable", nil, nil
package.loaded["darktable"] = setmetatable({
  register_storage = function(name, label, store, ready, supported, begin, widget)
    stored, widgets = store, widget
    return darktable.register_storage(name, label, store, ready, supported, begin, widget)
  end,
}, { __index = darktable })
dofile(os.getenv("FACEEDIT_EDITORS") .. "/darktable.lua")
package.loaded["darktable"] = darktable
widgets[1].value, widgets[2].value, widgets[3].value = folder .. "/recipe.yaml", folder .. "/results", true
local image, format = darktable.database.import(folder .. "/portrait.jpg"), darktable.new_format("jpeg")
format:write_image(image, folder .. "/exported.jpg", false)
stored(nil, image, format, folder .. "/exported.jpg", 1, 1)
os.exit(0)
