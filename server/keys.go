package server

import (
	"context"
	"log/slog"
	"path/filepath"

	"redroom/server/signin"
	"redroom/store"
)

// openSignInKey reads the key of a data directory that seals second factors, or
// makes it. One that is made although the store has what another one sealed is told
// of: that can't be read any more.
func openSignInKey(ctx context.Context, data string, st *store.Store, log *slog.Logger) (signin.Key, error) {
	key, path, made, err := signin.OpenKey(filepath.Join(data, "keys"))
	if err != nil || !made {
		return key, err
	}
	users, err := st.TOTPUsers(ctx)
	if err != nil {
		return key, err
	}
	if len(users) > 0 {
		log.Warn("a new key was made, since there was none, and the codes of these users are good no more: restore the key from a backup of the keys, or take the second factors away with redroom user factors", "file", path, "users", users)
	}
	if p := st.State().SignInRules().Provider; p != nil && len(p.Secret) > 0 {
		log.Warn("a new key was made, since there was none: enter the client secret of the company's sign-in anew", "file", path, "issuer", p.Issuer)
	}
	return key, nil
}
