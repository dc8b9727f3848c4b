package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redroom/server/room"
)

// DemoAccount is how to sign in to the example.
type DemoAccount struct {
	Name, Display, Password string
	Role                    room.Role
}

// ErrHasData means that an example would be mixed with real deals.
var ErrHasData = errors.New("this store has data; --demo needs a new one (give another directory with --data)")

// demo is the example: a deal, its people, and what they say.
var demo = struct {
	deal     string
	accounts []DemoAccount
	topics   []demoTopic
}{
	deal: "GeldGeldGeld AG",
	accounts: []DemoAccount{
		{Name: "anna", Display: "Anna Keller", Role: room.Admin},
		{Name: "miriam", Display: "Miriam Brandt", Role: room.Member},
		{Name: "jonas", Display: "Jonas Weber", Role: room.Member},
	},
	topics: []demoTopic{
		{"Due Diligence: Forderungsbewertung", 1, []demoMessage{
			{"anna", 0, "Guten Morgen zusammen. Hier sammeln wir alles zur Bewertung der Forderungen zum 30. September."},
			{"jonas", 0, "Die Einzelwertberichtigungen sind jetzt im Datenraum, Ordner 4.2. Offen ist noch die Liste der Forderungen über 90 Tage."},
			{"jonas", 0, "Der Prüfer bestätigt die Methode, aber nicht den Stichtag."},
			{"miriam", 3, "Dann brauchen wir beide Werte nebeneinander, sonst sehen wir den Effekt auf den Kaufpreis nicht."},
			{"anna", 0, "Danke. Ich rechne den Share Deal mit beiden Stichtagen durch und stelle es morgen um neun hier ein."},
		}},
		{"Vermögensübertragung: Share Deal Szenario", 1, []demoMessage{
			{"miriam", 0, "Im Share Deal gehen die Verträge mit über. Zu prüfen sind die Klauseln zum Wechsel der Kontrolle in den drei Rahmenverträgen."},
			{"anna", 1, "Die Liste dazu kommt heute von der Kanzlei."},
		}},
		{"Gesellschafterhaftung: Ausstehende Einlagen", 2, []demoMessage{
			{"jonas", 0, "Laut Handelsregister sind 12.500 € der Stammeinlage noch nicht eingezahlt."},
		}},
	},
}

type demoTopic struct {
	title    string
	number   int
	messages []demoMessage
}

type demoMessage struct {
	author string
	ref    int64
	text   string
}

// Demo fills an empty store with the example and gives its accounts, with
// passwords made for this time.
func (s *Server) Demo(ctx context.Context) ([]DemoAccount, error) {
	state := s.store.State()
	if len(state.Users()) > 0 || len(state.Deals()) > 0 {
		return nil, ErrHasData
	}
	accounts, err := s.demoAccounts(ctx)
	if err != nil {
		return nil, fmt.Errorf("making the example: %w", err)
	}
	by := func(name string) room.Stamp { return room.Stamp{At: time.Now().UnixMilli(), By: name} }
	admin := accounts[0].Name
	deal := room.NewID()
	events := []room.Event{room.DealCreated{Stamp: by(admin), ID: deal, Name: demo.deal, History: room.HistoryAll}}
	for _, a := range accounts[1:] {
		events = append(events, room.MemberAdded{Stamp: by(admin), Deal: deal, User: a.Name})
	}
	for _, t := range demo.topics {
		topic := room.NewID()
		events = append(events, room.TopicCreated{Stamp: by(admin), ID: topic, Deal: deal, Title: t.title, Number: t.number})
		for i, m := range t.messages {
			events = append(events, room.MessagePosted{
				Stamp: by(m.author), Topic: topic, ID: room.NewID(), Kind: room.Text, Ref: m.ref, Salt: room.NewSalt(), Body: []byte(m.text),
			}, room.TopicRead{Stamp: by(m.author), Topic: topic, Seq: int64(i + 1)}) // who wrote it had read what was before
		}
	}
	for _, ev := range events {
		if _, err := s.journal.Append(ctx, ev); err != nil {
			return nil, fmt.Errorf("making the example: %w", err)
		}
	}
	return accounts, nil
}

func (s *Server) demoAccounts(ctx context.Context) ([]DemoAccount, error) {
	accounts := append([]DemoAccount(nil), demo.accounts...)
	for i := range accounts {
		a := &accounts[i]
		a.Password = NewPassword()
		u := NewUser{Name: a.Name, Display: a.Display, Role: string(a.Role), Password: a.Password}
		if err := addUser(ctx, s.desk, s.journal, u); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}
