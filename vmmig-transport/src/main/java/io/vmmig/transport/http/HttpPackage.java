// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

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
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A package at an HTTP server that knows PUT, GET with ranges, and DELETE, or in an object store.
 *
 * <pre>{@code
 * URI place = URI.create("https://packages.example.com/web-1");
 * PackageStore there = HttpPackage.at(place).sealedFor(identity.keys());
 * StoredPackage back = HttpPackage.at(place).openedBy(identity).spooledIn(directory).open();
 * }</pre>
 *
 * <p>It is sealed as a {@link io.vmmig.transport.file.PackageFile} is. It goes there in parts, while the guest is read, and is a
 * package once their index is there, which comes last. Requests that fail are made again, for as long as {@link HttpAccess#retryTimeout}
 * says; what has arrived is not sent again. Immutable and thread-safe.
 */
public final class HttpPackage implements PackageStore {
    private static final int PART_BYTES = 8 << 20;
    /** What can be sent in parts of that size. */
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
     * @param awaiting how long the source waits for a receipt; null if it waits for none
     */
    private record Sending(int partBytes, @Nullable Duration awaiting) {}

    /**
     * How a package is fetched.
     *
     * @param spool where it is kept while it comes; null if that was not said
     * @param most how large it may be
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
     * The package at that address, which may be there already or not; its objects are one level below.
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
     * @param name how it is called in logs and reports, without secrets; a {@link io.vmmig.Recovery} asks for it by that name
     */
    public static HttpPackage of(String name, ObjectUrlResolver places) {
        return new HttpPackage(
                name,
                places,
                HttpAccess.standard(),
                PackageSealing.UNDECIDED,
                new Sending(PART_BYTES, null),
                new Fetching(null, MOST_BYTES));
    }

    /** The same, but the server is reached in this way. */
    public HttpPackage over(HttpAccess way) {
        return new HttpPackage(name, places, way, sealing, sending, fetching);
    }

    /**
     * The same, but what is sent is sealed for these hosts, and nobody else can read it: this one too only if it is among them.
     *
     * @param hosts one at least; see {@code HostIdentity.keys()} and {@code NodeCard.keys()}
     */
    public HttpPackage sealedFor(NodeKeys... hosts) {
        return new HttpPackage(name, places, access, sealing.sealedFor(hosts), sending, fetching);
    }

    /** The same, but what is sent is in the clear for the server and all who read there; over https only. */
    public HttpPackage unsealed() {
        return new HttpPackage(name, places, access, sealing.unsealed(), sending, fetching);
    }

    /** The same, but what was sealed for {@code self}, with its present keys or former ones, is opened. */
    public HttpPackage openedBy(HostIdentity self) {
        return new HttpPackage(name, places, access, sealing.openedBy(self), sending, fetching);
    }

    /**
     * The same, but it is sent in parts of that size, instead of 8 MiB. There are 65,536 of them at most.
     *
     * @param bytes 4 KiB to 64 MiB
     */
    public HttpPackage partBytes(int bytes) {
        if (bytes < PartIndex.MIN_PART_BYTES || bytes > PartIndex.MAX_PART_BYTES) {
            throw new IllegalArgumentException("parts of " + bytes + " bytes");
        }
        return new HttpPackage(name, places, access, sealing, new Sending(bytes, sending.awaiting()), fetching);
    }

    /**
     * The same, but a guest that is removed from here is let go only when the host that the package is sealed for has signed a receipt
     * that it has the guest, and continues here only when that host has signed that it never will: nothing that the server says or
     * hides can lose the guest, or run it twice. Until then it is paused here.
     *
     * <p>The receipt lies beside the package, so that host has to be able to write there; it leaves it by itself when it takes the
     * package in, or later by {@link #answer} and {@link #refuse}. Its key is recorded by the source, so a recovery needs to be told
     * nothing but the address.
     *
     * @param atMost how long the source waits; then the migration ends with {@link Problem#OUTCOME_UNKNOWN}, and a
     *     {@link io.vmmig.Recovery} finds the receipt later
     */
    public HttpPackage awaitingReceipt(Duration atMost) {
        return new HttpPackage(name, places, access, sealing, new Sending(sending.partBytes(), atMost), fetching);
    }

    /**
     * The same, but what comes is kept in that directory, as it comes, until the guest runs. A transfer that was cut short goes on
     * from there, also in another run of the program. What has not been gone on with for seven days is removed when another transfer
     * begins there. A gibibyte of the disk, or a twentieth of a smaller one, stays free.
     *
     * @param directory made as needed; it has to belong to the user who runs this program
     */
    public HttpPackage spooledIn(Path directory) {
        return new HttpPackage(
                name, places, access, sealing, sending, new Fetching(directory.toAbsolutePath(), fetching.most()));
    }

    /** The same, but a package is refused only if it has more bytes than that, instead of 512 GiB. */
    public HttpPackage atMost(long bytes) {
        return new HttpPackage(name, places, access, sealing, sending, new Fetching(fetching.spool(), bytes));
    }

    /**
     * {@inheritDoc}
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when it was not said for whom the package is sealed, or when it
     *     is to go over plain http unsealed, with {@link Problem#FILE_FAILED} when there is a package already, with
     *     {@link Problem#PEER_UNREACHABLE} or {@link Problem#PEER_UNTRUSTED} when the server is not to be used
     */
    @Override
    public PackageUpload put() throws VmmigException {
        requireReachable();
        return new HttpUpload(new RemoteParts(places, access, name), access, sealing, sending.partBytes(), awaited());
    }

    @Override
    public void requireReachable() throws VmmigException {
        sealing.requireDecided(name);
        requireAllowed("PUT");
        awaited();
        if (sealing.recipients().isEmpty() && !Addresses.secure(places.of("PUT", PartIndex.NAME))) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "the package " + name + " is not sealed, and goes over plain http",
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
                    "a receipt is awaited for the package " + name + ", which is not sealed for one host alone",
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
     * <p>It is fetched in the background from now on.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when there is no package or the spool cannot be used, with
     *     {@link Problem#PACKAGE_LIMIT_EXCEEDED} when it is larger than allowed, with {@link Problem#DISK_FULL} when it does not
     *     fit into the spool, with {@link Problem#REQUEST_INVALID} when it was not said where that is
     */
    @Override
    public StoredPackage open() throws VmmigException {
        Path spool = fetching.spool();
        if (spool == null) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "it was not said where the package " + name + " is kept while it comes",
                    "Say so with spooledIn(…).");
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
     * Leaves the receipt that the source of the package waits for, as this host's journals say; for when that failed as the package was
     * taken in. Does nothing if they say neither that it was taken nor that it was refused.
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
     * Promises for good that this host will not take the package in, and leaves a receipt that says so: its source may continue with
     * the guest. Works also when the server shows no such package here.
     *
     * @param packageId which package, as its source says
     * @param packages such as {@link io.vmmig.Recovery#storedPackagesIn}
     * @return false if this host has taken it in, or is about to; then there is no such receipt
     */
    public boolean refuse(UUID packageId, StoredPackages packages) throws VmmigException {
        requireAllowed("PUT");
        HostIdentity self = sealing.self();
        if (self == null) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "it was not said who refuses the package " + name,
                    "Say so with openedBy(…).");
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
