package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
)

// Key seals secrets.
type Key [32]byte

// NewKey makes one.
func NewKey() (k Key) {
	rand.Read(k[:]) // never fails
	return k
}

var errSealed = errors.New("sealed with another key, or for another purpose")

// sealer keeps secrets in a store that doesn't have the key. What was sealed for
// one purpose can't be opened for another: so nobody who can write to the store's
// file gives one user's secret to another user.
type sealer struct{ gcm cipher.AEAD }

// Purposes: a user's codes, and the provider's client.
func forCodes(user string) string { return "totp " + user }

const forProvider = "provider"

func newSealer(k Key) sealer {
	if k == (Key{}) {
		k = NewKey()
	}
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // 32 octets are AES-256's key
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return sealer{gcm}
}

func (s sealer) seal(secret []byte, purpose string) []byte {
	return s.gcm.Seal(nil, nil, secret, []byte(purpose))
}

func (s sealer) open(sealed []byte, purpose string) ([]byte, error) {
	secret, err := s.gcm.Open(nil, nil, sealed, []byte(purpose))
	if err != nil {
		return nil, errSealed
	}
	return secret, nil
}

// SealProviderSecret makes a room.Provider's Secret of what the company has given
// this server to be known by.
func (d *Desk) SealProviderSecret(secret string) []byte {
	return d.sealer.seal([]byte(secret), forProvider)
}
