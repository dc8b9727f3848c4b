/**
 * English, for who comes by a link: the first account, invitations, new passwords.
 */
const en = {
  account: {
    userNameHint: "Lower-case letters, digits, dot, hyphen and underscore. It stays for good.",
    display: "Display name",
    displayHint: "As others see it. It can be changed later.",
    optional: "optional",
    passwordHint: "At least 12 characters.",
    create: "Create account",
    badName: "A user name has 1 to 32 of a–z, 0–9, dot, hyphen and underscore, and begins with a letter or a digit.",
    badPassword: "A password has at least 12 characters, and at most 256.",
    taken: "This user name is taken. Choose another one.",
    toSignIn: "Go to sign in",
  },
  setup: {
    title: "The first account",
    lead: "It looks after this room: it makes deals and topics, and invites everybody else.",
    gone: "This room has its first account already. Sign in instead, or ask for an invitation.",
    wrong: "This link isn’t the one that the server printed last. It prints a new one at each start.",
  },
  invitation: {
    title: "Invitation",
    opening: "Opening the invitation",
    lead: (/** @type {string} */ by, /** @type {string} */ deals) =>
      by ? `${by} invites you to ${deals}.` : `You are invited to ${deals}.`,
    leadNoDeal: (/** @type {string} */ by) => (by ? `${by} invites you to this room.` : "You are invited to this room."),
    observer: "You will be able to read, not to write.",
    until: (/** @type {string} */ date) => `Good once, until ${date}.`,
    recorded: "Sign-ins, what one opens, and changes to accounts, deals and topics are recorded, with time and address. Admins can read that record; what messages say isn’t in it.",
    gone: "This invitation was used already, or its time is over. Ask for a new one.",
    incomplete: "The link is incomplete. Open it again as it was sent.",
    passwordTitle: "New password",
    passwordLead: (/** @type {string} */ name) => `For the account ${name}.`,
    passwordSubmit: "Set password",
    signedIn: (/** @type {string} */ name) => `${name} is signed in here. A new account takes that place in this browser.`,
  },
};

/** @typedef {typeof en} JoiningDictionary */
export default en;
