package fetch

// ImageName reports whether a file of this name would be taken from a folder, by its extension.
func ImageName(name string) bool { return imageName(name) }

// IsURL reports whether a source is taken for a URL, and not for a file.
func IsURL(source string) bool { return isURL(source) }
