// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.PackageLimits.Limit;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.content.Digest;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import io.vmmig.snapshot.Reference;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads a package from an untrusted stream: {@link #manifest()}, then {@link #next()} until it returns null, then {@link #verify()}.
 *
 * <p><b>Until {@link #verify()} has returned, what was read may be incomplete or damaged.</b> It is within the limits, and has the order
 * and the names that the manifest implies, but nothing more is guaranteed; do not let it take effect before. The seal shows only that
 * nothing was damaged, not who made the package; that is shown by the transport or by a signature.
 *
 * <p>A stream that ends too early, breaks the format or exceeds a limit causes a {@link PackageFormatException}; exceptions of the input
 * are converted by {@link VmmigException#from}. The streams of contents throw an {@link IOException} whose cause is that {@link
 * VmmigException}.
 *
 * <p>A background thread reads the input ahead, and never closes it; a thread that waits for input ends only when the input ends. A few
 * segments of 4 MiB are processed at once, so memory use stays below 128 MiB for contents of any size. For one thread, except {@link
 * #close()}.
 */
public final class PackageReader implements AutoCloseable {
    private final Manifest manifest;
    private final PackageLimits limits;
    private final References references;
    private final DecodingLine line;
    private final Map<String, EntryPosition> places = new HashMap<>();
    private @Nullable ContentInputStream content;
    private long diskBytes;
    private DecodingLine.Item.@Nullable Whole whole;

    private PackageReader(Manifest manifest, PackageLimits limits, References references, DecodingLine line) {
        this.manifest = manifest;
        this.limits = limits;
        this.references = references;
        this.line = line;
    }

    /**
     * Reads the manifest, and begins to read ahead.
     *
     * @throws PackageFormatException when {@code in} does not begin like a package
     * @throws VmmigException what {@code in} threw
     */
    public static PackageReader from(InputStream in, PackageLimits limits) throws VmmigException {
        return from(in, limits, manifest -> List.of());
    }

    /**
     * As {@link #from(InputStream, PackageLimits)}, with the references from which disks and snapshot are rebuilt.
     *
     * @param references returns the references that a manifest names, in its order; they stay open for as long as the reader is used. It is
     *     called when {@link #next()} reaches the domain, after kernel, ramdisk and base images have been read, since references may be
     *     among these; in a baseline, which has none of them, first of all
     */
    public static PackageReader from(InputStream in, PackageLimits limits, References references)
            throws VmmigException {
        return walking(
                in,
                limits,
                walk -> new PackageReader(walk.manifest(), limits, references, new DecodingLine(walk, limits)));
    }

    private interface Reading<T> {
        T by(PackageWalk walk) throws IOException, VmmigException;
    }

    private static <T> T walking(InputStream in, PackageLimits limits, Reading<T> reading) throws VmmigException {
        try {
            return reading.by(new PackageWalk(in, limits));
        } catch (IOException e) {
            throw VmmigException.from(e, Problem.FILE_FAILED, "the package could not be read", "");
        }
    }

    private void provideReferences() throws VmmigException {
        try {
            List<PageSource> sources = references.of(manifest);
            if (sources.size() != manifest.references().size()) {
                throw new IncompatibleException(
                        Problem.REFERENCE_MISSING,
                        "the package needs " + manifest.references().size() + " references, and " + sources.size()
                                + " are given",
                        "Give the reader all that the manifest names.");
            }
            line.provide(numbered(manifest, sources));
        } catch (VmmigException e) {
            throw line.failing(e);
        }
    }

    /**
     * Reads only the manifest, without needing any references.
     *
     * @throws PackageFormatException when {@code in} does not begin like a package
     * @throws VmmigException what {@code in} threw
     */
    public static Manifest readManifest(InputStream in, PackageLimits limits) throws VmmigException {
        return walking(in, limits, PackageWalk::manifest);
    }

    /**
     * The beginning of a package.
     *
     * @param manifest what the package says it holds
     * @param domainXml the domain XML as the source saved it; untrusted
     * @param definitionXml the XML for the guest's next start, or null if that is the saved one; untrusted
     * @param guest what is known of the guest besides its XML
     */
    public record Head(Manifest manifest, String domainXml, @Nullable String definitionXml, GuestRecord guest) {}

    /**
     * Reads the manifest, the domain XML and what is known of the guest besides it, without needing any references. Skips a kernel and a
     * ramdisk between them, and does not read what follows.
     *
     * @throws PackageFormatException when {@code in} does not begin like a package
     * @throws IncompatibleException with {@link Problem#REQUEST_INVALID} for a {@linkplain Manifest#baseline() baseline}
     * @throws VmmigException what {@code in} threw
     */
    public static Head readHead(InputStream in, PackageLimits limits) throws VmmigException {
        return walking(in, limits, walk -> {
            walk.manifest().requireRestorable();
            PackageWalk.Entry entry = walk.next();
            while (entry != null && entry.place().kind().segmented()) {
                walk.skip(entry);
                entry = walk.next();
            }
            Entry.Domain domain = walk.domain(entry, (name, content) -> {});
            return new Head(walk.manifest(), domain.xml(), domain.definition(), domain.guest());
        });
    }

    /**
     * What later packages need to know of an earlier one.
     *
     * @param seal the SHA-256 of its seal, by which they refer to it
     * @param bootFiles the digests of the kernel, the ramdisk and the base images that it holds
     */
    public record Outline(Digest seal, Set<Digest> bootFiles) {
        public Outline {
            bootFiles = Set.copyOf(bootFiles);
        }
    }

    /**
     * Reads the seal of a package. Verifies nothing.
     *
     * @throws PackageFormatException when {@code in} is not a complete package
     * @throws VmmigException what {@code in} threw
     */
    public static Outline readOutline(InputStream in, PackageLimits limits) throws VmmigException {
        return readOutline(in, limits, (position, bytes) -> {});
    }

    /** Receives the positions of the segments of disks and snapshot in a package, in order. */
    @FunctionalInterface
    public interface PageSegments {
        /**
         * Called for each such segment.
         *
         * @param position where its stored bytes begin, in bytes from the start of the package
         * @param bytes how many there are
         */
        void at(long position, int bytes) throws IOException, VmmigException;
    }

    /** As {@link #readOutline(InputStream, PackageLimits)}; exceptions of {@code segments} are rethrown. */
    public static Outline readOutline(InputStream in, PackageLimits limits, PageSegments segments)
            throws VmmigException {
        return walking(in, limits, walk -> {
            for (PackageWalk.Entry entry = walk.next(); entry != null; entry = walk.next()) {
                long position = walk.bytes();
                walk.skip(entry);
                if (entry.place().kind().paged()) {
                    segments.at(position, entry.bytes());
                }
            }
            Set<Digest> bootFiles = walk.seal().contents().stream()
                    .filter(content -> PackageOrder.isBootSegment(content.name() + "/"))
                    .map(SealedContent::digest)
                    .collect(Collectors.toSet());
            return new Outline(walk.sealDigest(), bootFiles);
        });
    }

    /**
     * What is known of a package before anything in it is decoded.
     *
     * @param manifest the manifest
     * @param seal the SHA-256 of its seal, by which later packages refer to it
     * @param contentsDigest the digest of all contents, which signatures sign
     * @param signatures the signatures, the oldest first; not verified
     */
    public record Evidence(Manifest manifest, Digest seal, Digest contentsDigest, List<String> signatures) {
        public Evidence {
            signatures = List.copyOf(signatures);
        }
    }

    /**
     * Reads a package to its end, and compares the stored bytes with its seal without decoding them, which takes little longer than
     * SHA-256. Together with the signatures, this shows whether the package can be trusted before it is used.
     *
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} when a content does not match the seal
     * @throws PackageFormatException when it is not a complete package
     * @throws VmmigException what {@code in} threw
     */
    public static Evidence readEvidence(InputStream in, PackageLimits limits) throws VmmigException {
        return walking(in, limits, walk -> {
            walk.requireSealed();
            return new Evidence(
                    walk.manifest(),
                    walk.sealDigest(),
                    walk.seal().contentsDigest(),
                    walk.seal().signatures());
        });
    }

    static List<Reference> numbered(Manifest manifest, List<PageSource> sources) {
        List<Reference> references = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            references.add(new Reference(
                    sources.get(i), order(manifest.references().get(i).kind())));
        }
        return references;
    }

    private static Reference.Order order(Manifest.Reference.Kind kind) {
        return switch (kind) {
            case RAW, QCOW2 -> Reference.Order.ANY;
            case BOOT, BOOT_2 -> Reference.Order.SAME;
            case PACKAGE -> Reference.Order.SAME_POSITIONS;
        };
    }

    /** Finds the references of a package. */
    @FunctionalInterface
    public interface References {
        /**
         * The references that {@code manifest} names, in its order.
         *
         * @throws IncompatibleException with {@link Problem#REFERENCE_MISSING} if one is not available
         */
        List<PageSource> of(Manifest manifest) throws VmmigException;
    }

    /** The package's manifest. */
    public Manifest manifest() {
        return manifest;
    }

    /**
     * The next content, in this order: kernel, ramdisk, base images, domain, in a live migration the memory that was sent while the
     * guest ran, each disk's layers in the order of the manifest, snapshot; a {@linkplain Manifest#baseline() baseline} begins with its disks. Contents before the domain may be missing although the manifest
     * names them; if any other is missing, this throws. Null at the end of the package.
     *
     * @throws IllegalStateException when the stream of the previous content has not been read to its end
     */
    public @Nullable Entry next() throws VmmigException {
        if (content != null && !content.ended()) {
            throw new IllegalStateException("the content before has not been read to its end");
        }
        if (whole != null) {
            return null;
        }
        if (manifest.baseline() && content == null) {
            provideReferences();
        }
        DecodingLine.Item item = line.next();
        if (item instanceof DecodingLine.Item.Domain domain) {
            provideReferences();
            return domain.domain();
        }
        if (item instanceof DecodingLine.Item.Begin begin) {
            return begin(begin.place());
        }
        if (item instanceof DecodingLine.Item.Whole read) {
            whole = read;
            return null;
        }
        throw new AssertionError("a content's parts are read by its stream");
    }

    private Entry begin(EntryPosition place) {
        if (content != null && content.place().kind() == EntryPosition.Kind.DISK) {
            diskBytes += content.bytes();
        }
        places.put(place.name(), place);
        ContentInputStream stream = new ContentInputStream(line, place, limit(place));
        content = stream;
        return switch (place.kind()) {
            case KERNEL -> new Entry.Kernel(stream);
            case RAMDISK -> new Entry.Ramdisk(stream);
            case BASE_IMAGE -> new Entry.BaseImage(baseOf(place), stream);
            case DISK -> new Entry.DiskLayer(String.valueOf(place.target()), place.layer(), stream);
            case PRECOPY -> new Entry.Precopy(stream);
            case SNAPSHOT -> new Entry.Snapshot(stream);
            case DOMAIN, COOKIE, DEFINITION, GUEST -> throw new AssertionError("the domain is not cut into segments");
        };
    }

    private Manifest.Base baseOf(EntryPosition place) {
        return manifest.includedBases().stream()
                .filter(base -> PackageOrder.nameOf(base).equals(place.name()))
                .findFirst()
                .orElseThrow();
    }

    private long limit(EntryPosition place) {
        return switch (place.kind()) {
            case KERNEL -> limits.get(Limit.KERNEL_BYTES);
            case RAMDISK -> limits.get(Limit.RAMDISK_BYTES);
            case BASE_IMAGE -> Math.min(place.exactBytes(), limits.get(Limit.DISK_BYTES));
            case DISK -> limits.get(Limit.DISK_BYTES) - diskBytes;
            case PRECOPY, SNAPSHOT -> limits.get(Limit.SNAPSHOT_BYTES);
            case DOMAIN, COOKIE, DEFINITION, GUEST -> limits.get(Limit.XML_BYTES);
        };
    }

    /**
     * Verifies the whole package against its seal, after {@link #next()} has returned null. When this returns, everything that was read is
     * what was sealed.
     *
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} when a content does not match the seal, or when the kernel or ramdisk
     *     is not the one that the manifest names
     * @throws PackageFormatException when the seal lists other contents
     */
    public PackageSummary verify() throws VmmigException {
        if (whole == null) {
            throw new IllegalStateException("the package has not been read to its end");
        }
        whole.seal().requireSame(whole.actual());
        for (SealedContent read : whole.actual()) {
            EntryPosition place = places.get(read.name());
            if (place != null) {
                place.requireExpected(read);
            }
        }
        return whole.summary();
    }

    /** Stops the background threads. May be called at any time, by any thread. Idempotent. */
    @Override
    public void close() {
        line.close();
    }

    /** A content of a package. Its stream, if it has one, is decoded as it is read, and need not be closed. */
    public sealed interface Entry {
        /** A content with a stream. */
        sealed interface Content extends Entry {
            /** Its bytes; read them to the end before {@link PackageReader#next()}. */
            InputStream stream();
        }

        /**
         * The domain.
         *
         * @param xml the domain XML as the source saved it; untrusted
         * @param cookie libvirt's cookie, or null
         * @param definition the XML for the guest's next start, or null if that is {@code xml}; untrusted
         * @param guest what is known of the guest besides its XML; taken from the manifest in a package of format version 1
         */
        record Domain(String xml, @Nullable String cookie, @Nullable String definition, GuestRecord guest)
                implements Entry {}

        /**
         * The kernel that the domain boots.
         *
         * @param stream its bytes
         */
        record Kernel(InputStream stream) implements Content {}

        /**
         * The ramdisk that the domain boots.
         *
         * @param stream its bytes
         */
        record Ramdisk(InputStream stream) implements Content {}

        /**
         * A base image. The caller must verify its digest after reading its stream.
         *
         * @param base what the manifest says of it
         * @param stream its bytes
         */
        record BaseImage(Manifest.Base base, InputStream stream) implements Content {}

        /**
         * An image of a disk.
         *
         * @param target the disk, as the manifest names it
         * @param layer which of its images in the package, 0 being the lowest
         * @param stream the image's bytes, in the format that the manifest says
         */
        record DiskLayer(String target, int layer, InputStream stream) implements Content {}

        /**
         * The part of the QEMU migration stream that was sent while the guest ran.
         *
         * @param stream its bytes
         */
        record Precopy(InputStream stream) implements Content {}

        /**
         * The QEMU migration stream, or its rest.
         *
         * @param stream its bytes
         */
        record Snapshot(InputStream stream) implements Content {}
    }
}
