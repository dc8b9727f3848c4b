package store_test

import (
	"errors"
	"reflect"
	"testing"

	"redroom/server/room"
)

func TestOnlyTheNewestSetupTokenMakesTheFirstAdmin(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	claim := func(token room.TokenHash, name string) room.AdminClaimed {
		return room.AdminClaimed{Stamp: by(name), Token: token, Name: name, Display: "Anna", PasswordHashed: "hash"}
	}

	if err := commit(t, s, claim(tokenOne, "anna"))[0].Err; !errors.Is(err, room.ErrTokenUnknown) {
		t.Errorf("before any offer: %v", err)
	}
	applied(t, s, room.SetupOffered{Stamp: by(""), Token: tokenOne}, room.SetupOffered{Stamp: by(""), Token: tokenTwo})
	s = reopened(t, s, dir)
	for _, c := range []struct {
		event  room.AdminClaimed
		refuse error
	}{
		{claim(tokenOne, "anna"), room.ErrTokenUnknown},  // an older one
		{claim(tokenOne, "Anna!"), room.ErrTokenUnknown}, // which doesn't get so far as to hear of the name
		{claim(tokenTwo, "Anna!"), room.ErrUnprocessable},
		{claim(tokenTwo, "anna"), nil}, // the refusals haven't spent it
		{claim(tokenTwo, "bert"), room.ErrSetupDone},
	} {
		if err := commit(t, s, c.event)[0].Err; !errors.Is(err, c.refuse) || c.refuse == nil && err != nil {
			t.Errorf("%s: got %v, want %v", c.event.Name, err, c.refuse)
		}
	}
	if u := s.State().User("anna"); u == nil || u.Role != room.Admin {
		t.Errorf("the first admin is %+v", u)
	}
	if rows := column(t, database(t, dir), `SELECT name FROM settings ORDER BY name`); !reflect.DeepEqual(rows, []string{"epoch"}) {
		t.Errorf("settings left: %q", rows)
	}
}

func TestPasswordIsReadAsItWasStored(t *testing.T) {
	s := furnished(t, t.TempDir())
	expect := func(user, want string) {
		t.Helper()
		if got, err := s.PasswordHashed(t.Context(), user); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", user, got, err, want)
		}
	}
	expect("bert", "hash of bert")
	applied(t, s, room.PasswordChanged{Stamp: by("bert"), Name: "bert", PasswordHashed: "new"})
	expect("bert", "new")
	applied(t, s, room.InvitationMade{Stamp: by("anna"), Token: tokenOne, User: "bert", Expires: start},
		room.InvitationAccepted{Stamp: by("bert"), Token: tokenOne, Name: "bert", PasswordHashed: "newer"})
	expect("bert", "newer")
	expect("anna", "hash of anna")
	if _, err := s.PasswordHashed(t.Context(), "emil"); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("the password of none: %v", err)
	}
}

func TestSessionIsFoundByItsTokenUntilItEnds(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s, session("bert", "s1", tokenOne), session("bert", "s2", tokenTwo))
	s = reopened(t, s, dir)

	got, err := s.Session(t.Context(), tokenOne)
	if want := (room.Session{ID: "s1", User: "bert", Opened: start, Used: start, Expires: start + 3_600_000}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if _, err := s.Session(t.Context(), tokenThree); !errors.Is(err, room.ErrSessionEnded) {
		t.Errorf("an unknown token: %v", err)
	}
	applied(t, s, room.SessionEnded{Stamp: by("bert"), ID: "s1"})
	if _, err := s.Session(t.Context(), tokenOne); !errors.Is(err, room.ErrSessionEnded) {
		t.Errorf("the token of an ended session: %v", err)
	}
	if _, err := s.Session(t.Context(), tokenTwo); err != nil {
		t.Errorf("the other session: %v", err)
	}
}

func TestInvitationIsReadAsItWasMade(t *testing.T) {
	dir := t.TempDir()
	s := furnished(t, dir)
	applied(t, s,
		room.InvitationMade{Stamp: by("anna"), Token: tokenOne, Deals: []string{dealTwo, dealOne}, Role: room.Observer, Expires: start + 5},
		room.InvitationMade{Stamp: by(""), Token: tokenTwo, User: "bert", Deals: []string{dealOne}, Role: room.Admin, Expires: start + 6})
	s = reopened(t, s, dir)

	want := room.Invitation{By: "anna", Deals: []string{dealTwo, dealOne}, Role: room.Observer, Expires: start + 5}
	if got, err := s.Invitation(t.Context(), tokenOne); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	link := room.Invitation{User: "bert", Expires: start + 6}
	if got, err := s.Invitation(t.Context(), tokenTwo); err != nil || !reflect.DeepEqual(got, link) {
		t.Errorf("got %+v, %v; want %+v", got, err, link)
	}
	if _, err := s.Invitation(t.Context(), tokenThree); !errors.Is(err, room.ErrNotFound) {
		t.Errorf("an unknown token: %v", err)
	}

	applied(t, s, room.InvitationAccepted{Stamp: by("emil"), Token: tokenOne, Name: "emil", Display: "Emil"})
	want.Used = true
	if got, err := s.Invitation(t.Context(), tokenOne); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("once used: %+v, %v; want %+v", got, err, want)
	}
	for _, topic := range []string{topicOne, topicTwo, topicThree} {
		if _, ok := s.State().ReadsFrom("emil", topic); !ok {
			t.Errorf("the invited may not read topic %s", topic)
		}
	}
}
