package samples

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
)

// list writes the URLs of n files.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	of, n := q.Get("of"), len(s.photos)
	if of == "" {
		of = "photos"
	}
	var names []string
	switch of {
	case "photos":
		for _, b := range s.photos {
			names = append(names, b.name)
		}
	case "awkward":
		for _, f := range Awkward() {
			names = append(names, f.Name)
		}
		n = len(names)
	case "small":
	default:
		http.Error(w, fmt.Sprintf("list: of=%s: expected photos, small or awkward", of), http.StatusBadRequest)
		return
	}
	if q.Has("n") {
		var err error
		if n, err = whole(q.Get("n"), 0, 100_000_000); err != nil {
			http.Error(w, fmt.Sprintf("list: n=%s: %v", q.Get("n"), err), http.StatusBadRequest)
			return
		}
	}
	q.Del("n")
	q.Del("of")
	how, err := ParseBehavior(q.Encode())
	if err != nil {
		http.Error(w, "list: "+err.Error(), http.StatusBadRequest)
		return
	}
	scheme, query := "http", how.String()
	if r.TLS != nil {
		scheme = "https"
	}
	if query != "" {
		query = "?" + query
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for i := range n {
		name := fmt.Sprintf("%04d.jpg", i+1)
		if n <= len(names) {
			name = names[i]
		} else if of == "awkward" {
			break
		}
		if _, err := fmt.Fprintf(w, "%s://%s/%s/%s%s\n", scheme, r.Host, of, url.PathEscape(name), query); err != nil {
			return
		}
	}
}

// index writes the page.
func (s *Server) index(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>imgpipe samples</title>",
		"<style>body{font:16px sans-serif;max-width:60em;margin:2em auto;padding:0 1em}img{height:9em;margin:2px}"+
			"td{padding-right:1em;vertical-align:top}</style>",
		"<h1>imgpipe samples</h1><p><a href=/list.txt?n=200>200 URLs</a>, "+
			"<a href='/list.txt?n=1000&amp;of=small'>1000 URLs of small pictures</a>, ",
		"<a href='/list.txt?of=awkward'>the awkward ones</a></p><p>")
	for _, f := range Embedded() {
		fmt.Fprintf(w, "<a href='/photos/%[1]s'><img src='/photos/%[1]s' alt='%[2]s' title='%[2]s' loading=lazy></a>",
			f.Name, html.EscapeString(f.Doc))
	}
	fmt.Fprint(w, "</p><h2>Awkward files</h2><table>")
	for _, f := range Awkward() {
		fmt.Fprintf(w, "<tr><td><a href='/awkward/%s'>%s</a><td>%s<td>%s", url.PathEscape(f.Name),
			html.EscapeString(f.Name), html.EscapeString(f.Doc), f.Class)
	}
	fmt.Fprint(w, "</table><h2>Bad behavior</h2>"+
		"<p>Put behind any picture: <code>?latency=50ms&amp;truncate</code></p><table>")
	for _, t := range Settings() {
		example := t.Name
		if t.Arg != "" {
			example += "=" + t.Arg
		}
		fmt.Fprintf(w, "<tr><td><code>%s</code><td>%s", html.EscapeString(example), html.EscapeString(t.Doc))
	}
	fmt.Fprint(w, "</table></html>")
}
