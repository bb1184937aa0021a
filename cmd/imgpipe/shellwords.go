package main

import (
	"errors"
	"strings"
)

// splitWords splits text into words as a POSIX shell does, which expands nothing: blanks part words, single quotes keep
// all, and double quotes all but a backslash before one of \ " $ ` and the end of a line.
func splitWords(text string) (words []string, err error) {
	var word strings.Builder
	begun := false // also for the empty word ''
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	quote := rune(0)
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			if quote == '"' && !strings.ContainsRune("\\\"$`\n", r) {
				word.WriteRune('\\')
			}
			if r != '\n' {
				word.WriteRune(r)
			}
			escaped = false
		case r == '\\' && quote != '\'':
			begun, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			begun, quote = true, r
		case strings.ContainsRune(" \t\n", r):
			end()
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	switch {
	case quote != 0:
		return nil, errors.New("a quotation mark is not closed")
	case escaped:
		return nil, errors.New("there is nothing after the last backslash")
	}
	end()
	return words, nil
}

// shellWord returns a word as a POSIX shell reads it.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("-_.,=/:+@%", r) ||
			'0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
