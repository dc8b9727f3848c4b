package session

import (
	"maps"
	"slices"

	"redroom/server/room"
)

// dealFrame is what DEAL says.
type dealFrame struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Open     bool          `json:"open"`
	History  room.History  `json:"history"`
	Receipts bool          `json:"receipts"`
	People   []personFrame `json:"people"`
}

type personFrame struct {
	Name    string    `json:"name"`
	Display string    `json:"display"`
	Role    room.Role `json:"role"`
	Reads   bool      `json:"reads"`
}

// topicFrame is what TOPIC says.
type topicFrame struct {
	ID       string   `json:"id"`
	Deal     string   `json:"deal"`
	Title    string   `json:"title"`
	Number   int      `json:"number"`
	Open     bool     `json:"open"`
	Archived bool     `json:"archived"`
	Narrowed bool     `json:"narrowed"`
	Direct   bool     `json:"direct,omitempty"`
	Members  []string `json:"members,omitzero"` // of a narrowed or direct one, by name
	Head     int64    `json:"head"`
}

func topicFrameOf(t *room.Topic) topicFrame {
	f := topicFrame{
		ID: t.ID, Deal: t.Deal, Title: t.Title, Number: t.Number,
		Open: t.Open, Archived: t.Archived, Narrowed: t.Narrowed, Direct: t.Direct,
	}
	if t.Narrowed || t.Direct {
		f.Members = append([]string{}, slices.Sorted(maps.Keys(t.Members))...)
	}
	return f
}
