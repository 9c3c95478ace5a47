// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.bundle.PackageReader;
import io.vmmig.content.Digest;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeKeys;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.StoredPackages;
import io.vmmig.transport.stored.PackageSealing;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A package at an HTTP server that supports PUT, GET with ranges, and DELETE, or in an object store.
 *
 * <pre>{@code
 * URI place = URI.create("https://packages.example.com/web-1");
 * PackageStore there = HttpPackage.at(place).sealedFor(identity.keys());
 * StoredPackage back = HttpPackage.at(place).openedBy(identity).spooledIn(directory).open();
 * }</pre>
 *
 * <p>It is sealed like a {@link io.vmmig.transport.file.PackageFile}. Its parts are sent while the guest is read; their index, which is
 * sent last, makes them a package. Failed requests are repeated for as long as {@link HttpAccess#retryTimeout} allows, and data that
 * has arrived is not sent again. Immutable and thread-safe.
 */
public final class HttpPackage implements PackageStore {
    private static final int PART_BYTES = 8 << 20;
    /** The largest package in parts of that size. */
    static final long MOST_BYTES = (long) PartIndex.MAX_PARTS * PART_BYTES;

    private final String name;
    private final ObjectUrlResolver places;
    private final HttpAccess access;
    private final PackageSealing sealing;
    private final Sending sending;
    private final Fetching fetching;

    /**
     * How a package is sent.
     *
     * @param partBytes how large its parts are
     * @param awaiting how long the source waits for a receipt; null for none
     * @param earlier the packages that it may be based on
     */
    private record Sending(int partBytes, @Nullable Duration awaiting, List<PackageReader.Outline> earlier) {}

    /**
     * How a package is fetched.
     *
     * @param spool the directory for fetched parts; null if none was set
     * @param most the largest size in bytes
     */
    private record Fetching(@Nullable Path spool, long most) {}

    private HttpPackage(
            String name,
            ObjectUrlResolver places,
            HttpAccess access,
            PackageSealing sealing,
            Sending sending,
            Fetching fetching) {
        this.name = name;
        this.places = places;
        this.access = access;
        this.sealing = sealing;
        this.sending = sending;
        this.fetching = fetching;
    }

    /**
     * The package at that address, which need not exist yet; its objects are one level below.
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it is not an absolute http or https address, or has a user, a query or a fragment:
     *     credentials go into a header, see {@link HttpAccess#header}
     */
    public static HttpPackage at(URI place) throws VmmigException {
        return of(Addresses.name(place), Addresses.below(place));
    }

    /**
     * A package whose objects are where {@code places} says, such as at presigned addresses.
     *
     * @param name its name in logs and reports, without secrets; a {@link io.vmmig.Recovery} asks for it by that name
     */
    public static HttpPackage of(String name, ObjectUrlResolver places) {
        return new HttpPackage(
                name,
                places,
                HttpAccess.standard(),
                PackageSealing.UNDECIDED,
                new Sending(PART_BYTES, null, List.of()),
                new Fetching(null, MOST_BYTES));
    }

    /** Sets how the server is reached. */
    public HttpPackage over(HttpAccess way) {
        return new HttpPackage(name, places, way, sealing, sending, fetching);
    }

    /**
     * Seals what is sent for these hosts. Nobody else can read it, not even this host unless it is one of them.
     *
     * @param hosts at least one; see {@code HostIdentity.keys()} and {@code NodeCard.keys()}
     */
    public HttpPackage sealedFor(NodeKeys... hosts) {
        return new HttpPackage(name, places, access, sealing.sealedFor(hosts), sending, fetching);
    }

    /** Sends the package unsealed, so that the server and all its readers can read it; over https only. */
    public HttpPackage unsealed() {
        return new HttpPackage(name, places, access, sealing.unsealed(), sending, fetching);
    }

    /** Opens packages that are sealed for {@code self}, with its current or previous keys. */
    public HttpPackage openedBy(HostIdentity self) {
        return new HttpPackage(name, places, access, sealing.openedBy(self), sending, fetching);
    }

    /**
     * Sets the size of the parts that are sent. Default 8 MiB; a package has 65,536 parts at most.
     *
     * @param bytes 4 KiB to 64 MiB
     */
    public HttpPackage partBytes(int bytes) {
        if (bytes < PartIndex.MIN_PART_BYTES || bytes > PartIndex.MAX_PART_BYTES) {
            throw new IllegalArgumentException("parts of " + bytes + " bytes");
        }
        return sending(new Sending(bytes, sending.awaiting(), sending.earlier()));
    }

    /**
     * Lets the destination's signature decide, and not the server. A guest that is to leave this host is removed here only when the host
     * that the package is sealed for has signed a receipt that it has the guest, and is resumed here only when that host has signed that
     * it never will. Until then the guest is paused here. So nothing that the server says or hides can lose the guest, or run it twice.
     *
     * <p>The receipt is stored beside the package, so the destination must be able to write there. It does so when it restores the
     * package, or later by {@link #answer} and {@link #refuse}. The source records the destination's key, so a recovery needs only the
     * address.
     *
     * @param atMost how long the source waits; then the migration ends with {@link Problem#OUTCOME_UNKNOWN}, and a
     *     {@link io.vmmig.Recovery} finds the receipt later
     */
    public HttpPackage awaitingReceipt(Duration atMost) {
        return sending(new Sending(sending.partBytes(), atMost, sending.earlier()));
    }

    /**
     * Sends only what has changed since an earlier package of the same guest, such as a {@linkplain io.vmmig.Migrator#baseline baseline},
     * which is then needed to restore the guest; see {@link io.vmmig.Receiver#restore(StoredPackage, StoredPackage...)}. If the source has
     * cached none of the packages that are named like this any more, it refuses with {@link Problem#REFERENCE_MISSING} before the guest is
     * paused. May be called repeatedly; the package is based on the latest.
     *
     * @param seal the digest of its seal, such as {@link io.vmmig.report.BaselineReport#seal()}
     */
    public HttpPackage upon(Digest seal) {
        List<PackageReader.Outline> more = new ArrayList<>(sending.earlier());
        more.add(new PackageReader.Outline(seal, Set.of()));
        return sending(new Sending(sending.partBytes(), sending.awaiting(), more));
    }

    private HttpPackage sending(Sending changed) {
        return new HttpPackage(name, places, access, sealing, changed, fetching);
    }

    /**
     * Stores fetched parts in that directory until the guest runs. An interrupted transfer resumes from there, also in another run of
     * the program. Parts of a transfer that was not resumed for seven days are removed when another transfer begins there. A gibibyte of
     * the disk, or a twentieth of a smaller one, stays free.
     *
     * @param directory created as needed; it has to belong to the user who runs this program
     */
    public HttpPackage spooledIn(Path directory) {
        return new HttpPackage(
                name, places, access, sealing, sending, new Fetching(directory.toAbsolutePath(), fetching.most()));
    }

    /** Sets the largest package that is fetched, in bytes. Default 512 GiB. */
    public HttpPackage atMost(long bytes) {
        return new HttpPackage(name, places, access, sealing, sending, new Fetching(fetching.spool(), bytes));
    }

    /**
     * {@inheritDoc}
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the recipients of the package were not set, or when it
     *     would be sent unsealed over plain http, with {@link Problem#FILE_FAILED} when there is a package already, with
     *     {@link Problem#PEER_UNREACHABLE} or {@link Problem#PEER_UNTRUSTED} when the server cannot be used
     */
    @Override
    public PackageUpload put() throws VmmigException {
        requireReachable();
        RemoteParts remote = new RemoteParts(places, access, name);
        return new HttpUpload(remote, access, sealing, sending.earlier(), sending.partBytes(), awaited());
    }

    @Override
    public void requireReachable() throws VmmigException {
        sealing.requireDecided(name);
        requireAllowed("PUT");
        awaited();
        if (sealing.recipients().isEmpty() && !Addresses.secure(places.of("PUT", PartIndex.NAME))) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "the package " + name + " would be sent unsealed over plain http",
                    "Seal it with sealedFor(…), or use https.");
        }
        try (RetryingHttpClient client = new RemoteParts(places, access, name).hastyCalls()) {
            if (client.size(PartIndex.NAME).isPresent()) {
                throw new TransportException(
                        Problem.FILE_FAILED, "there is a package at " + name + " already", "Choose another place.");
            }
        }
    }

    private @Nullable AwaitedReceipt awaited() throws VmmigException {
        if (sending.awaiting() == null) {
            return null;
        }
        if (sealing.recipients().size() != 1) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "the source awaits a receipt for the package " + name
                            + ", which is not sealed for exactly one host",
                    "Seal it with sealedFor(…) for the host that is to sign the receipt.");
        }
        return new AwaitedReceipt(sealing.recipients().iterator().next().signing(), sending.awaiting());
    }

    /** Before anything is done about the guest. */
    private void requireAllowed(String method) throws VmmigException {
        if (!access.allowsPlainHttp() && !Addresses.secure(places.of(method, PartIndex.NAME))) {
            throw new HttpErrors(name).plain();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>From now on it is fetched in the background.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when there is no package or the spool cannot be used, with
     *     {@link Problem#PACKAGE_LIMIT_EXCEEDED} when the package is larger than allowed, with {@link Problem#DISK_FULL} when it does not
     *     fit into the spool, with {@link Problem#REQUEST_INVALID} when no spool was set
     */
    @Override
    public StoredPackage open() throws VmmigException {
        Path spool = fetching.spool();
        if (spool == null) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "there is no directory for the parts of the package " + name + " while it is fetched",
                    "Set one with spooledIn(…).");
        }
        requireAllowed("GET");
        RetryingHttpClient client = RetryingHttpClient.to(places, access, name);
        boolean begun = false;
        try {
            PartIndex index = PartDownload.index(client, name, fetching.most());
            ReceiptWriter receipt = new ReceiptWriter(client, name, sealing.self(), index);
            receipt.requireOurs();
            Spool into = Spool.open(spool, index);
            PartDownload download = PartDownload.begin(client, index, into, access.parallelism());
            begun = true;
            return new HttpStoredPackage(description(), client, into, download, sealing, receipt);
        } finally {
            if (!begun) {
                client.close();
            }
        }
    }

    /**
     * Writes the receipt that the source of the package waits for, by this host's journals; for when that failed as the package was
     * restored. Does nothing if the package was neither taken nor refused.
     *
     * @param packages such as {@link io.vmmig.Recovery#storedPackagesIn}
     * @return what the source was told; {@link Outcome#UNDER_WAY} or {@link Outcome#UNHEARD_OF} if nothing
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the source waits for no receipt of this host
     */
    public Outcome answer(StoredPackages packages) throws VmmigException {
        requireAllowed("GET");
        try (RetryingHttpClient client = RetryingHttpClient.to(places, access, name)) {
            ReceiptWriter receipt =
                    new ReceiptWriter(client, name, sealing.self(), PartDownload.index(client, name, Long.MAX_VALUE));
            receipt.requireAwaited();
            Outcome outcome = packages.outcomeOf(receipt.packageId());
            switch (outcome) {
                case TAKEN -> receipt.taken();
                case NOT_TAKEN -> receipt.refused();
                case UNDER_WAY, UNHEARD_OF -> {}
            }
            return outcome;
        }
    }

    /**
     * Promises for good that this host will not take the package, and writes a receipt that says so: the source may then resume the
     * guest. Also works when the server does not show the package to this host.
     *
     * @param packageId which package, as its source says
     * @param packages such as {@link io.vmmig.Recovery#storedPackagesIn}
     * @return false if this host has taken it, or is about to; then no receipt is written
     */
    public boolean refuse(UUID packageId, StoredPackages packages) throws VmmigException {
        requireAllowed("PUT");
        HostIdentity self = sealing.self();
        if (self == null) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "the host that refuses the package " + name + " was not set",
                    "Set it with openedBy(…).");
        }
        if (!packages.refuse(packageId)) {
            return false;
        }
        try (RetryingHttpClient client = RetryingHttpClient.to(places, access, name)) {
            ReceiptWriter.leave(client, Receipt.refusal(packageId), self);
        }
        return true;
    }

    @Override
    public String description() {
        return name;
    }

    @Override
    public Optional<String> address() {
        return Optional.of(name);
    }

    @Override
    public Outcome outcomeOf(UUID packageId, HandOverJournal journal) throws VmmigException {
        return new RemoteParts(places, access, name).outcome(packageId, journal);
    }

    @Override
    public String toString() {
        return description();
    }
}
