package fetch

import (
	"errors"
	"strings"
)

// Extensions are those of the files that are taken from folders, each with its dot and in lower case: ".jpg". Nil takes
// files of any name.
type Extensions []string

// Has reports whether a file of this name is taken. The case of its extension does not matter.
func (x Extensions) Has(name string) bool {
	if x == nil {
		return true
	}
	i := strings.LastIndexByte(name, '.')
	if i <= 0 {
		return false
	}
	for _, ext := range x {
		if len(ext) == len(name)-i && strings.EqualFold(ext, name[i:]) {
			return true
		}
	}
	return false
}

// none is the error of a folder in which nothing is taken. followed says that links in it are followed.
func (x Extensions) none(followed bool) error {
	end := "; symbolic links are not followed"
	if followed {
		end = ""
	}
	if len(x) == 0 {
		return errors.New("the folder has no files" + end)
	}
	examples := x[0]
	for _, ext := range x {
		if len(ext) > 1 && len(x[0]) > 1 && ext[1] != x[0][1] { // .png, and not .jpeg behind .jpg
			examples += " or " + ext
			break
		}
	}
	return errors.New("the folder has no images, expected files such as " + examples + end)
}
