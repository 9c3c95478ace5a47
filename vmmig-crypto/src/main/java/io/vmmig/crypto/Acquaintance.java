// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.content.Digest;
import io.vmmig.crypto.age.X25519;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * What two hosts have shown each other in an introduction: a card and a fresh challenge each. It yields the short code that
 * people compare, and each host's proof that it holds the secrets of the keys on its card.
 *
 * <p>The code can be short because neither side, nor an attacker between them, can choose it: the calling host commits to its
 * card and challenge before it sees those of the other host, which does not know them when it shows its own. This is the message
 * authentication of Vaudenay's "Secure Communications over Insecure Channels Based on Short Authenticated Strings" (CRYPTO 2005);
 * {@code docs/threat-model.md} has the argument. Immutable and thread-safe.
 */
public final class Acquaintance {
    /** The length of a challenge, in bytes. */
    public static final int CHALLENGE_BYTES = X25519.BYTES;
    /** The length of a commitment, in bytes. */
    public static final int COMMITMENT_BYTES = 32;
    /** The length of a proof, in bytes. */
    public static final int PROOF_BYTES = X25519.BYTES + SignerKey.SIGNATURE_BYTES;

    private static final int CODES = 100_000_000;
    private static final int CODE_GROUP = 10_000;

    private final NodeCard caller;
    private final byte[] callersChallenge;
    private final NodeCard listener;
    private final byte[] listenersChallenge;

    /**
     * From what each has shown.
     *
     * @param callersChallenge {@link #CHALLENGE_BYTES} bytes, as {@link Challenge#shown} gives them
     * @param listenersChallenge likewise
     */
    public Acquaintance(NodeCard caller, byte[] callersChallenge, NodeCard listener, byte[] listenersChallenge) {
        requireChallenge(callersChallenge);
        requireChallenge(listenersChallenge);
        this.caller = caller;
        this.callersChallenge = callersChallenge.clone();
        this.listener = listener;
        this.listenersChallenge = listenersChallenge.clone();
    }

    /** The end that gives a proof. */
    public enum End {
        /** The calling host. */
        CALLER,
        /** The listening host. */
        LISTENER
    }

    /** A challenge and its secret, for one introduction. */
    public static final class Challenge {
        private final byte[] secret;

        /** A new one. */
        public Challenge() {
            this.secret = X25519.newSecret();
        }

        /** What the other host is shown. */
        public byte[] shown() {
            return X25519.publicKey(secret);
        }
    }

    /** The caller's commitment, which it sends first. */
    public static byte[] commitment(NodeCard caller, byte[] callersChallenge) {
        return hash("vmmig introduction commitment 1", bytes(caller), callersChallenge);
    }

    /** Eight digits in two groups, the same at both hosts unless an attacker is between them. */
    public String code() {
        byte[] hash = hash("vmmig introduction code 1", transcript());
        long number = Long.remainderUnsigned(ByteBuffer.wrap(hash).getLong(), CODES);
        return String.format("%04d %04d", number / CODE_GROUP, number % CODE_GROUP);
    }

    /**
     * Proves that {@code self}, which is {@code end}, holds the secrets of its signing and its sealing key. The TLS handshake
     * proves the same for its TLS key.
     *
     * @throws IntegrityException with {@link Problem#NODE_CARD_INVALID} when the other end's challenge is no key
     */
    public byte[] proof(End end, HostIdentity self) throws IntegrityException {
        byte[] shared = agree(self.keySet().sealing().secret(), challengeTo(end));
        byte[] sealing = hash("vmmig introduction sealing key 1 " + end, shared, transcript());
        byte[] signing = self.keySet().signature(hash("vmmig introduction signing key 1 " + end, transcript()));
        return ByteBuffer.allocate(PROOF_BYTES).put(sealing).put(signing).array();
    }

    /**
     * Checks the other end's {@link #proof}.
     *
     * @param end the end that gave the proof
     * @param ours this end's challenge
     * @throws IntegrityException with {@link Problem#NODE_CARD_INVALID} when it does not hold the secrets of its keys
     */
    public void requireProof(End end, byte[] proof, Challenge ours) throws IntegrityException {
        NodeKeys theirs = (end == End.CALLER ? caller : listener).keys();
        byte[] shared = agree(ours.secret, theirs.sealing().publicKey());
        byte[] sealing = hash("vmmig introduction sealing key 1 " + end, shared, transcript());
        boolean proven = proof.length == PROOF_BYTES
                && MessageDigest.isEqual(sealing, Arrays.copyOf(proof, sealing.length))
                && theirs.signing()
                        .hasSigned(
                                hash("vmmig introduction signing key 1 " + end, transcript()),
                                Arrays.copyOfRange(proof, sealing.length, proof.length));
        if (!proven) {
            throw invalid("the other host does not hold the secrets of the keys on its card");
        }
    }

    /**
     * Checks that the caller shows what it committed to.
     *
     * @throws IntegrityException with {@link Problem#NODE_CARD_INVALID} when it shows anything else
     */
    public void requireCommitted(byte[] commitment) throws IntegrityException {
        if (!MessageDigest.isEqual(commitment, commitment(caller, callersChallenge))) {
            throw invalid("the other host committed to one card, and showed another");
        }
    }

    private byte[] challengeTo(End end) {
        return end == End.CALLER ? listenersChallenge : callersChallenge;
    }

    private byte[] transcript() {
        return hash("vmmig introduction 1", bytes(caller), callersChallenge, bytes(listener), listenersChallenge);
    }

    private static byte[] agree(byte[] secret, byte[] challenge) throws IntegrityException {
        try {
            return X25519.agree(secret, challenge);
        } catch (InvalidKeyException e) {
            throw invalid("the other host's challenge is no key");
        }
    }

    private static void requireChallenge(byte[] challenge) {
        if (challenge.length != CHALLENGE_BYTES) {
            throw new IllegalArgumentException("a challenge has " + CHALLENGE_BYTES + " bytes");
        }
    }

    private static byte[] bytes(NodeCard card) {
        return card.text().getBytes(StandardCharsets.UTF_8);
    }

    /** Each part with its length, so that different lists of parts have different hashes. */
    private static byte[] hash(String what, byte[]... parts) {
        MessageDigest sha256 = Digest.newSha256();
        update(sha256, what.getBytes(StandardCharsets.US_ASCII));
        for (byte[] part : parts) {
            update(sha256, part);
        }
        return sha256.digest();
    }

    private static void update(MessageDigest sha256, byte[] part) {
        sha256.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).flip());
        sha256.update(part);
    }

    private static IntegrityException invalid(String why) {
        return new IntegrityException(
                Problem.NODE_CARD_INVALID,
                why,
                "Find out who is between the two hosts; until then, hand the cards over as files.");
    }
}
