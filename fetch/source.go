package fetch

import (
	"context"
	"net/url"
	"os"
	"path"
	"strings"
)

// A Source is one kind of place that items come from. Two are built in: files of this machine with their folders and
// patterns, and HTTP. Others, such as a store of objects, are added by scheme: to Inputs.Sources, which list them,
// and to Options.Sources of the Client, which opens them. One value may serve both.
//
// All methods may be called from many goroutines at once.
type Source interface {
	// List calls l.Yield with the items that l.Name stands for, in an order that does not depend on timing. It
	// returns when there are no more, when Yield returns false, or when ctx ends. What is wrong with the name, or
	// with one item, is an item with Err. Inputs sets Index, and Scheme where it is empty.
	List(ctx context.Context, l Listing)
	// Open makes one try at getting the bytes of item, which it reads through try before it returns. ctx also ends
	// when the try takes too long, and reads of what was opened must then return.
	//
	// The error is an *[Error], with or without Doing, if the source knows what is wrong. Errors of try and of ctx are
	// returned as they are, or wrapped. Other errors count as those of a network, which may pass. After an error that
	// may pass, Open is called again, as often as Options.Retries allow.
	Open(ctx context.Context, item Item, try *Try) error
	// Host names the host that item is asked of, such as "example.com:443". Items of one host share its limits,
	// whatever their source. Empty means that none is needed.
	Host(item Item) string
}

// A Listing is what [Source.List] is asked for.
type Listing struct {
	// Name is an argument or, if Single is set, a record of a list.
	Name string
	// Single asks for the one item of that name. Folders and patterns are for arguments.
	Single bool
	// Several says that more than one argument is a folder. Dir of an item then begins with the name of its folder, the
	// last part of Name. Folder of the item is filled in where the item lies below Name.
	Several bool
	// Heads is how many of the first bytes of each item are wanted in its Head. A source may leave them out.
	Heads int
	// Takes reports whether an item of this name is wanted. It is asked about what lies in a folder, not about what was
	// named itself.
	Takes func(name string) bool
	// PassedOver, unless it is nil, is to be called with what lies in a folder and is not taken: its name, and in the
	// plural what it is.
	PassedOver func(name, what string)
	// Yield takes one item and reports whether to go on.
	Yield func(Item) bool

	folder os.FileInfo // of Name, where it is a folder of this machine
	root   string      // Inputs.Root, absolute, or ""
}

// scheme returns the scheme of an argument or of a record of a list; "" if it names a file of this machine.
func (in Inputs) scheme(name string) string {
	if IsURL(name) {
		return schemeOf(name)
	}
	if len(in.Sources) == 0 {
		return ""
	}
	scheme, _, ok := splitScheme(blankless(name))
	if !ok || in.Sources[scheme] == nil {
		return ""
	}
	if _, err := os.Lstat(name); err == nil {
		return "" // as with http:, which needs no slashes either
	}
	return scheme
}

// list has the source of that scheme list l.
func (in Inputs) list(ctx context.Context, files *files, scheme string, l Listing) {
	if scheme == "" {
		files.List(ctx, l)
		return
	}
	source := in.Sources[scheme]
	if source == nil {
		source = (*web)(nil)
	}
	yield := l.Yield
	l.Yield = func(item Item) bool {
		if item.Scheme == "" {
			item.Scheme = scheme
		}
		if _, ok := beneath(item.Source, l.Name); ok && item.Folder == "" && !l.Single {
			item.Folder = baseOf(l.Name)
		}
		return yield(item)
	}
	source.List(ctx, l)
}

// beneath returns the path of what a source names from a name of that source, decoded, and whether it lies below it.
// Both may have a query.
func beneath(source, name string) (rel string, ok bool) {
	name, _, _ = strings.Cut(name, "?")
	source, _, _ = strings.Cut(source, "?")
	rel, ok = strings.CutPrefix(source, strings.TrimSuffix(name, "/")+"/")
	if plain, err := url.PathUnescape(rel); err == nil {
		rel = plain
	}
	return rel, ok && rel != "" && name != ""
}

// baseOf returns the last part of a name that was listed, decoded.
func baseOf(name string) string {
	name, _, _ = strings.Cut(name, "?")
	name = path.Base(strings.TrimSuffix(name, "/"))
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

// source returns what opens items of that scheme.
func (c *Client) source(scheme string) Source {
	if scheme == "" {
		return c.files
	}
	if source := c.opts.Sources[scheme]; source != nil {
		return source
	}
	return c.web // which names in its errors the schemes that it knows
}
