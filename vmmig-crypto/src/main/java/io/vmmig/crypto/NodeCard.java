// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Introduces a host to others: its name and its public keys, signed by itself. Nothing in it is secret. A card only shows that
 * its keys belong together; a person has to verify whose they are, by the {@link Fingerprint}.
 *
 * <p>As text it is a few lines, which can be sent by e-mail; {@code docs/package-format.md} specifies them. Immutable and
 * thread-safe.
 */
public final class NodeCard {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.-]{0,62}");
    private static final int MAX_BYTES = 32 << 10;

    private static final String VERSION = "vmmig node card 1";
    private static final String OF = "name: ";
    private static final String SIGNING = "signing: ";
    private static final String SEALING = "sealing: ";
    private static final String TLS = "tls: ";
    private static final String SUCCESSION = "succession: ";
    private static final String SIGNATURE = "signature: ";

    private final String name;
    private final NodeKeys keys;
    private final List<KeySuccession> successions;
    private final String text;

    private NodeCard(String name, NodeKeys keys, List<KeySuccession> successions, String text) {
        this.name = name;
        this.keys = keys;
        this.successions = List.copyOf(successions);
        this.text = text;
    }

    static NodeCard of(HostIdentity identity, String name) {
        requireName(name);
        NodeKeys keys = identity.keys();
        StringBuilder text = new StringBuilder(VERSION).append('\n');
        text.append(OF).append(name).append('\n');
        text.append(SIGNING).append(keys.signing()).append('\n');
        text.append(SEALING).append(keys.sealing()).append('\n');
        text.append(TLS).append(Base64Url.encode(keys.tls())).append('\n');
        for (KeySuccession succession : identity.successions()) {
            text.append(SUCCESSION).append(succession).append('\n');
        }
        byte[] signature = identity.keySet().signature(text.toString().getBytes(StandardCharsets.US_ASCII));
        text.append(SIGNATURE).append(Base64Url.encode(signature)).append('\n');
        return new NodeCard(name, keys, identity.successions(), text.toString());
    }

    /**
     * Parses the result of {@link #text}, with any surrounding white space and line ends.
     *
     * @throws IntegrityException with {@link Problem#NODE_CARD_INVALID} when it is anything else, or is not signed by its own
     *     keys
     */
    public static NodeCard parse(String text) throws IntegrityException {
        if (text.length() > MAX_BYTES) {
            throw invalid("it has more than " + MAX_BYTES + " characters");
        }
        String canonical = text.replace("\r\n", "\n").strip() + "\n";
        try {
            return parseCanonical(canonical);
        } catch (IllegalArgumentException e) {
            throw invalid(String.valueOf(e.getMessage()));
        }
    }

    private static NodeCard parseCanonical(String text) {
        // Characters outside ASCII become unprintable ones, which are refused.
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Lines lines = Lines.of(bytes);
        if (!lines.require(VERSION).isEmpty()) {
            throw new IllegalArgumentException("it is of another version of vmmig");
        }
        String name = lines.require(OF);
        requireName(name);
        SignerKey signing = SignerKey.read(lines.require(SIGNING));
        AgeRecipient sealing = AgeRecipient.read(lines.require(SEALING));
        byte[] tls = Base64Url.decode(lines.require(TLS));
        List<KeySuccession> successions = new ArrayList<>();
        while (lines.startsWith(SUCCESSION)) {
            successions.add(KeySuccession.parse(lines.require(SUCCESSION)));
        }
        byte[] signed = text.substring(0, lines.position()).getBytes(StandardCharsets.US_ASCII);
        byte[] signature = Base64Url.decode(lines.require(SIGNATURE), SignerKey.SIGNATURE_BYTES);
        lines.requireEnd();
        // The card's own signature first: it limits the work that a stranger can cause.
        if (!signing.hasSigned(signed, signature)) {
            throw new IllegalArgumentException("it is not signed by the key that it names");
        }
        requireUnbroken(successions, signing);
        return new NodeCard(name, new NodeKeys(signing, sealing, tls), successions, text);
    }

    private static void requireUnbroken(List<KeySuccession> successions, SignerKey last) {
        if (successions.size() > KeySuccession.MAX) {
            throw new IllegalArgumentException("it has more than " + KeySuccession.MAX + " successions");
        }
        for (int i = 0; i < successions.size(); i++) {
            SignerKey next = i + 1 < successions.size() ? successions.get(i + 1).previous() : last;
            if (!successions.get(i).next().equals(next)) {
                throw new IllegalArgumentException("its keys do not follow each other");
            }
            if (!successions.get(i).isSigned()) {
                throw new IllegalArgumentException("one of its keys has not been named by the one before");
            }
        }
    }

    /** As {@link #requireName}, for user input. */
    static void requireUsableName(String name) throws VmmigException {
        try {
            requireName(name);
        } catch (IllegalArgumentException e) {
            throw VmmigException.of(Problem.REQUEST_INVALID, name + ": " + e.getMessage(), "Choose another name.", e);
        }
    }

    static void requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "a name of a host has 1 to 63 letters, digits, dots and hyphens, and begins with a letter or digit");
        }
    }

    private static IntegrityException invalid(String why) {
        return new IntegrityException(
                Problem.NODE_CARD_INVALID,
                "this is not the card of a host: " + why,
                "Show the card at the other host again, and copy all of it.");
    }

    /** The host's own name for itself. */
    public String name() {
        return name;
    }

    /** Its public keys, and its fingerprint. */
    public NodeKeys keys() {
        return keys;
    }

    /** Whether {@code key} is its signing key, or a previous one that is still valid then. */
    boolean signsWith(SignerKey key, Instant now) {
        return keys.signing().equals(key)
                || successions.stream().anyMatch(one -> one.previous().equals(key) && one.countsAt(now));
    }

    /** Its previous signing keys, the oldest first, whether or not they are still valid. */
    public List<SignerKey> formerSigners() {
        return successions.stream().map(KeySuccession::previous).toList();
    }

    /** The card as text of a few lines. */
    public String text() {
        return text;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NodeCard that && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** Name and fingerprint. */
    @Override
    public String toString() {
        return "NodeCard[" + name + ", " + keys.fingerprint() + "]";
    }
}
