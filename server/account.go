package server

import (
	"context"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"redroom/server/journal"
	"redroom/server/room"
	"redroom/server/signin"
)

// NewPassword is one that can be typed: 80 random bits in four groups.
func NewPassword() string {
	id := room.NewID()
	return strings.Join([]string{id[:4], id[4:8], id[8:12], id[12:]}, "-")
}

// NewUser is an account that the server itself makes.
type NewUser struct {
	Name, Display string
	Role          string // admin, member, observer or bot
	Password      string
}

func addUser(ctx context.Context, desk *signin.Desk, j *journal.Journal, u NewUser) error {
	hashed, err := desk.HashPassword(ctx, u.Password, u.Name)
	if err != nil {
		return err
	}
	_, err = j.Append(ctx, room.UserAdded{
		Stamp:          room.Stamp{At: time.Now().UnixMilli()},
		Name:           u.Name,
		Display:        norm.NFC.String(u.Display),
		Role:           room.Role(u.Role),
		PasswordHashed: hashed,
	})
	return err
}
