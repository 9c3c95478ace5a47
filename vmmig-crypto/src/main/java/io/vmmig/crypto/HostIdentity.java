// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * This host's own keys: to sign (Ed25519), to decrypt what is sealed for it (X25519), and to secure its connections (a TLS
 * certificate, P-256). Immutable and thread-safe.
 *
 * <p>They are stored in one file, {@code identity}, that only its owner can read, optionally under a passphrase. One {@link
 * #fingerprint()} covers all of them; it is how other hosts know this one.
 */
public final class HostIdentity {
    /** As long as a destination remembers which packages it has consumed. */
    private static final Duration FORMER_COUNTS = Duration.ofDays(1000);

    private static final int MAX_DAYS = 10_000;

    /** The keys that a host had before it renewed them; it still needs them to decrypt what was sealed then. */
    record PreviousKeys(Fingerprint fingerprint, AgeIdentity sealing) {}

    private final KeySet keys;
    private final List<PreviousKeys> previous;
    private final List<KeySuccession> successions;

    /**
     * From the keys and their history.
     *
     * @param previous the latest first
     * @param successions the oldest first
     */
    HostIdentity(KeySet keys, List<PreviousKeys> previous, List<KeySuccession> successions) {
        this.keys = keys;
        this.previous = List.copyOf(previous);
        this.successions = List.copyOf(successions);
    }

    /**
     * The identity in {@code directory}; the first call creates it. The directory is created if necessary, accessible to its
     * owner only. Any number of threads and processes may call this at once; all get the same identity.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when the identity cannot be read or written, is damaged, is under a
     *     passphrase, belongs to another user, or could be read by other users
     */
    public static HostIdentity in(Path directory) throws VmmigException {
        return use(directory, null, IdentityFile::loadOrCreate);
    }

    /**
     * As {@link #in(Path)}, for a file protected by {@code passphrase} (scrypt, in the age format). Needs 64 MiB of memory for a
     * moment.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} also when the passphrase is wrong, or the file has none
     */
    public static HostIdentity in(Path directory, char[] passphrase) throws VmmigException {
        return use(directory, passphrase, IdentityFile::loadOrCreate);
    }

    /**
     * Replaces all keys of the identity in {@code directory}, which gives it a new fingerprint. The old keys sign the new {@link
     * #card}: hosts that trust this one accept it by {@link NodeStore#renew}, and have to do so before the next connection. What
     * was sealed for the old keys can still be decrypted. Their signatures stay valid for 1000 more days. Programs that have
     * already loaded the identity keep using the old keys.
     *
     * <p>This is for keys that grow old. If a key was stolen, the other hosts must delete this host and add it again, since the
     * thief can renew keys as well.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} as {@link #in(Path)} does, when there is no identity yet, and when
     *     the keys were renewed 100 times before
     */
    public static HostIdentity rotate(Path directory) throws VmmigException {
        return rotate(directory, null);
    }

    /** As {@link #rotate(Path)}, for a file protected by {@code passphrase}, if that is not null. */
    public static HostIdentity rotate(Path directory, char @Nullable [] passphrase) throws VmmigException {
        return rotate(directory, passphrase, FORMER_COUNTS);
    }

    /**
     * As {@link #rotate(Path, char[])}, but signatures of the old signing key stay valid for that long from now, to the day:
     * choose how long packages that it signed are needed. Zero ends it at once.
     *
     * @param formerCounts 0 to 10,000 days
     */
    public static HostIdentity rotate(Path directory, char @Nullable [] passphrase, Duration formerCounts)
            throws VmmigException {
        if (formerCounts.isNegative() || formerCounts.toDays() > MAX_DAYS) {
            throw new IllegalArgumentException("0 to " + MAX_DAYS + " days, not " + formerCounts);
        }
        LocalDate end = LocalDate.ofInstant(Instant.now().plus(formerCounts), ZoneOffset.UTC);
        return use(directory, passphrase, file -> file.rotate(end));
    }

    private interface Use {
        HostIdentity of(IdentityFile file) throws IOException, GeneralSecurityException;
    }

    private static HostIdentity use(Path path, char @Nullable [] passphrase, Use use) throws VmmigException {
        try {
            OwnerOnlyDirectory directory = OwnerOnlyDirectory.at(path);
            return use.of(new IdentityFile(directory, passphrase));
        } catch (IOException | GeneralSecurityException e) {
            throw new TransportException(
                    Problem.FILE_FAILED,
                    "the identity of this host in " + path + " cannot be used: " + e.getMessage(),
                    "Check that the directory belongs to this user and that nobody else can read it.",
                    e);
        }
    }

    static HostIdentity create() throws GeneralSecurityException {
        return new HostIdentity(KeySet.create(), List.of(), List.of());
    }

    HostIdentity successor(LocalDate end) throws GeneralSecurityException {
        KeySet next = KeySet.create();
        List<PreviousKeys> past = new ArrayList<>();
        past.add(new PreviousKeys(fingerprint(), keys.sealing()));
        past.addAll(previous);
        List<KeySuccession> line = new ArrayList<>(successions);
        line.add(KeySuccession.of(keys, next.publicKeys().signing(), end));
        return new HostIdentity(next, past, line);
    }

    /** How other hosts know this one. */
    public Fingerprint fingerprint() {
        return keys.publicKeys().fingerprint();
    }

    /** All fingerprints that this host has ever had, {@link #fingerprint()} included. */
    public List<Fingerprint> fingerprints() {
        return Stream.concat(Stream.of(fingerprint()), previous.stream().map(PreviousKeys::fingerprint))
                .toList();
    }

    /** The public halves of its keys. */
    public NodeKeys keys() {
        return keys.publicKeys();
    }

    /**
     * The card for other hosts, by which they get to know this one.
     *
     * @param name what people call this host: 1 to 63 letters, digits, dots and hyphens, beginning with a letter or digit
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is anything else
     */
    public NodeCard card(String name) throws VmmigException {
        NodeCard.requireUsableName(name);
        return NodeCard.of(this, name);
    }

    /** The secret keys that decrypt what was sealed for this host, now or for its previous keys. */
    public List<AgeIdentity> sealingIdentities() {
        return Stream.concat(Stream.of(keys.sealing()), previous.stream().map(PreviousKeys::sealing))
                .toList();
    }

    /**
     * Signs {@code payload} with this host's signing key.
     *
     * @param type the type of what is signed, so that a signature cannot be reused for something else; a media type without its
     *     {@code application/}
     * @return a JSON Web Signature in compact form, which {@link Jws#verify} reads
     */
    public String sign(String type, byte[] payload) {
        return Jws.sign(keys, type, payload);
    }

    /** Whether {@code key} is this host's signing key, or a previous one that is still valid then. */
    boolean signsWith(SignerKey key, Instant now) {
        return keys().signing().equals(key)
                || successions.stream().anyMatch(one -> one.previous().equals(key) && one.countsAt(now));
    }

    KeySet keySet() {
        return keys;
    }

    List<PreviousKeys> previous() {
        return previous;
    }

    List<KeySuccession> successions() {
        return successions;
    }

    X509Certificate certificate() {
        return keys.certificate();
    }

    PrivateKey privateKey() {
        return keys.tls();
    }

    /** The fingerprint, without secrets. */
    @Override
    public String toString() {
        return "HostIdentity[" + fingerprint() + "]";
    }
}
