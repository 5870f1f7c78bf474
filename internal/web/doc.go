// Package web serves the pages people read: start, lists, profiles,
// indicators, documents, search, sources and scoreboard. It renders what Views hands it,
// reads only, and keeps no state. Every page reads fully without a script.
package web
