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
 * Who this host is: keys that it made for itself, to sign (Ed25519), to open what is sealed for it (X25519), and to secure its
 * connections (a TLS certificate, P-256). Immutable and thread-safe.
 *
 * <p>All of them are in one file, {@code identity}, that only its owner can read, optionally under a passphrase; and all of
 * them are in the one {@link #fingerprint()} that other hosts know this one by.
 */
public final class HostIdentity {
    /** As long as a destination remembers which packages it has taken in. */
    private static final Duration FORMER_COUNTS = Duration.ofDays(1000);

    private static final int MAX_DAYS = 10_000;

    /** What a host had before it renewed its keys, and still needs to open what was sealed then. */
    record Former(Fingerprint fingerprint, AgeIdentity sealing) {}

    private final KeySet keys;
    private final List<Former> former;
    private final List<Succession> successions;

    /**
     * Of the keys and their past.
     *
     * @param former the latest first
     * @param successions the oldest first
     */
    HostIdentity(KeySet keys, List<Former> former, List<Succession> successions) {
        this.keys = keys;
        this.former = List.copyOf(former);
        this.successions = List.copyOf(successions);
    }

    /**
     * The identity that is kept in {@code directory}; the first call makes it. The directory is created as needed, for its
     * owner only. Any number of threads and processes may call this at once, and all get the same identity.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when the identity cannot be read or written, is damaged, is
     *     under a passphrase, belongs to another user, or could be read by other users
     */
    public static HostIdentity in(Path directory) throws VmmigException {
        return use(directory, null, IdentityFile::loadOrCreate);
    }

    /**
     * As {@link #in(Path)}, of a file that is under {@code passphrase} (scrypt, in the age format). It takes 64 MiB of memory
     * for a moment.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} also when the passphrase is another one, or there is none
     */
    public static HostIdentity in(Path directory, char[] passphrase) throws VmmigException {
        return use(directory, passphrase, IdentityFile::loadOrCreate);
    }

    /**
     * Gives the host that is kept in {@code directory} new keys in place of all of its keys, and a new fingerprint. Its new
     * {@link #card} says so in the name of the old ones: hosts that trust this one take it by {@link NodeStore#renew}, and
     * have to before they are met again. What was sealed for the old keys can still be opened. What they have signed counts for
     * 1000 more days. Programs that have loaded the identity before go on with the old keys.
     *
     * <p>This is for keys that grow old. If a key was stolen, let the others delete this host and add it afresh, for the thief
     * can renew keys as well.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} as {@link #in(Path)} does, when there is no identity yet, and
     *     when that was done 100 times before
     */
    public static HostIdentity rotate(Path directory) throws VmmigException {
        return rotate(directory, null);
    }

    /** As {@link #rotate(Path)}, of a file that is under {@code passphrase}, if that is not null. */
    public static HostIdentity rotate(Path directory, char @Nullable [] passphrase) throws VmmigException {
        return rotate(directory, passphrase, FORMER_COUNTS);
    }

    /**
     * As {@link #rotate(Path, char[])}, but what the old signing key has signed counts for so long from now, to the day: for as long as
     * packages are wanted that it has signed. Zero ends it at once.
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
        List<Former> past = new ArrayList<>();
        past.add(new Former(fingerprint(), keys.sealing()));
        past.addAll(former);
        List<Succession> line = new ArrayList<>(successions);
        line.add(Succession.of(keys, next.publicKeys().signing(), end));
        return new HostIdentity(next, past, line);
    }

    /** What other hosts know this one by. */
    public Fingerprint fingerprint() {
        return keys.publicKeys().fingerprint();
    }

    /** All that this host was ever known by: {@link #fingerprint()}, and those that it had before. */
    public List<Fingerprint> fingerprints() {
        return Stream.concat(Stream.of(fingerprint()), former.stream().map(Former::fingerprint))
                .toList();
    }

    /** The public halves of its keys. */
    public NodeKeys keys() {
        return keys.publicKeys();
    }

    /**
     * What to hand over to other hosts, so that they know this one.
     *
     * @param name what people call this host: 1 to 63 letters, digits, dots and hyphens, beginning with a letter or digit
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is anything else
     */
    public NodeCard card(String name) throws VmmigException {
        NodeCard.requireUsableName(name);
        return NodeCard.of(this, name);
    }

    /** What opens what was sealed for this host: now, and with the keys that it had before. Secrets. */
    public List<AgeIdentity> sealingIdentities() {
        return Stream.concat(Stream.of(keys.sealing()), former.stream().map(Former::sealing))
                .toList();
    }

    /**
     * Signs {@code payload} with this host's signing key.
     *
     * @param type what is signed, so that nobody can pass it off as something else; a media type without its
     *     {@code application/}
     * @return a JSON Web Signature in compact form, which {@link Jws#verify} reads
     */
    public String sign(String type, byte[] payload) {
        return Jws.sign(keys, type, payload);
    }

    /** Whether this host signs with {@code key}, or did so before it renewed its keys and that still counts then. */
    boolean signsWith(SignerKey key, Instant now) {
        return keys().signing().equals(key)
                || successions.stream().anyMatch(one -> one.former().equals(key) && one.countsAt(now));
    }

    KeySet keySet() {
        return keys;
    }

    List<Former> former() {
        return former;
    }

    List<Succession> successions() {
        return successions;
    }

    X509Certificate certificate() {
        return keys.certificate();
    }

    PrivateKey privateKey() {
        return keys.tls();
    }

    /** The fingerprint, and nothing secret. */
    @Override
    public String toString() {
        return "HostIdentity[" + fingerprint() + "]";
    }
}
