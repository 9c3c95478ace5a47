// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.PackageLimits.Limit;
import io.vmmig.bundle.format.ByteCount;
import io.vmmig.bundle.format.Seal;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.bundle.format.TarHeader;
import io.vmmig.bundle.format.TarInput;
import io.vmmig.content.Digest;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.json.Malformed;
import io.vmmig.json.Texts;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Iterates over the entries of an untrusted package, in the order that its manifest implies, within limits, and to its end. Every reader of
 * packages uses this class. For one thread.
 */
final class PackageWalk {
    private static final int BUFFER_BYTES = 256 << 10;

    private final TarInput tar;
    private final PackageLimits limits;
    private final byte[] json;
    private final Manifest manifest;
    private final PackageOrder order;
    private long entries = 1;
    private @Nullable EntryPosition place;
    private int segments;
    private @Nullable Entry ahead;
    private @Nullable Seal seal;
    private @Nullable Digest sealDigest;

    /**
     * An entry.
     *
     * @param header its name and size
     * @param place the position of its content
     * @param segment the number of the segment; 0 when the content is one entry
     */
    record Entry(TarHeader header, EntryPosition place, int segment) {
        String name() {
            return header.name();
        }

        int bytes() {
            return (int) header.size();
        }
    }

    /** Begins, and reads the manifest. */
    PackageWalk(InputStream in, PackageLimits limits) throws IOException, PackageFormatException {
        this.tar = new TarInput(in);
        this.limits = limits;
        this.json = tar.plain(Objects.requireNonNull(tar.next()), limits.get(Limit.MANIFEST_BYTES));
        this.manifest = Manifest.fromJson(json, limits);
        this.order = new PackageOrder(manifest);
    }

    Manifest manifest() {
        return manifest;
    }

    /** The content of the manifest's entry. */
    byte[] json() {
        return json;
    }

    /**
     * Advances to the next entry. The caller takes or skips its content before the next call. Null after the seal, when all
     * contents were present and nothing follows.
     */
    @Nullable
    Entry next() throws IOException, PackageFormatException {
        Entry next = ahead;
        ahead = null;
        if (next != null || seal != null) {
            return next;
        }
        TarHeader header = tar.next();
        if (header == null) {
            throw Malformed.truncated("the package has no seal");
        }
        Malformed.requireWithin("the number of entries of the package", ++entries, limits.get(Limit.ENTRIES));
        if (header.name().equals(Seal.ENTRY)) {
            readSeal(header);
            return null;
        }
        next = entry(header);
        Malformed.requireWithin(
                "the size of " + header.name(),
                header.size(),
                limit(next.place().kind()));
        return next;
    }

    private Entry entry(TarHeader header) throws PackageFormatException {
        int slash = header.name().lastIndexOf('/');
        String content = slash < 0 ? header.name() : header.name().substring(0, slash);
        EntryPosition here = place;
        if (here == null || slash < 0 || !here.name().equals(content)) {
            here = order.advanceTo(content);
            segments = 0;
            if (here == null || here.kind().segmented() != slash >= 0) {
                throw Malformed.because("the entry " + header.name() + " does not belong there by the manifest");
            }
            place = here;
        }
        if (slash >= 0
                && (segments == SealedContent.MAX_SEGMENTS || !header.name().equals(here.segmentName(segments)))) {
            throw Malformed.because("the entry " + header.name() + " is not the next segment of its content");
        }
        return new Entry(header, here, segments++);
    }

    private long limit(EntryPosition.Kind kind) {
        if (kind.segmented()) {
            return limits.get(Limit.STORED_SEGMENT_BYTES);
        }
        return kind == EntryPosition.Kind.GUEST ? GuestRecord.MAX_BYTES : limits.get(Limit.XML_BYTES);
    }

    private void readSeal(TarHeader header) throws IOException, PackageFormatException {
        String missing = order.missing();
        if (missing != null) {
            throw Malformed.because("the package lacks the content " + missing);
        }
        byte[] read = tar.plain(header, limits.get(Limit.SEAL_BYTES));
        Seal parsed = Seal.parse(read);
        if (tar.next() != null) {
            throw Malformed.because("something follows the seal of the package");
        }
        seal = parsed;
        sealDigest = Digest.of(read);
    }

    /** Allows no further segment of the current content. */
    void endContent() {
        place = null;
    }

    /** The seal, after {@link #next()} has returned null. */
    Seal seal() {
        return Objects.requireNonNull(seal);
    }

    /** The digest of the seal, by which others refer to the package. */
    Digest sealDigest() {
        return Objects.requireNonNull(sealDigest);
    }

    /** The number of bytes read so far: the position of the latest entry's content, until that is taken. */
    long bytes() {
        return tar.bytes();
    }

    void take(Entry entry, byte[] buffer) throws IOException, PackageFormatException {
        tar.content(entry.header(), buffer);
    }

    void skip(Entry entry) throws IOException, PackageFormatException {
        tar.skip(entry.header());
    }

    /**
     * Reads the rest of a package, after its manifest, and compares it with its seal without decoding anything.
     *
     * @throws IntegrityException with {@link io.vmmig.error.Problem#DIGEST_MISMATCH} when a content does not match the seal
     * @throws PackageFormatException when it is not a complete package
     */
    void requireSealed() throws IOException, PackageFormatException, IntegrityException {
        byte[] buffer = new byte[BUFFER_BYTES];
        List<SealedContent> contents = new ArrayList<>();
        contents.add(SealedContent.plain(TarInput.FIRST_ENTRY, json));
        Entry entry = next();
        while (entry != null) {
            EntryPosition here = entry.place();
            ByteCount stored = new ByteCount();
            long count = 0;
            do {
                tar.pass(entry.header(), buffer, length -> stored.add(buffer, length));
                count++;
                entry = next();
            } while (entry != null && entry.segment() > 0);
            contents.add(SealedContent.stored(
                    here.name(), here.kind().encoding(), here.kind().segmented() ? count : 0, stored));
        }
        seal().requireStored(contents);
    }

    /**
     * Takes the domain, and what is known of the guest besides it.
     *
     * @param first the entry of the domain
     * @param each receives the name and the content of each entry
     */
    PackageReader.Entry.Domain domain(@Nullable Entry first, BiConsumer<String, byte[]> each)
            throws IOException, PackageFormatException {
        Map<EntryPosition.Kind, String> texts = new EnumMap<>(EntryPosition.Kind.class);
        GuestRecord guest = null;
        Entry entry = first;
        while (entry != null && guest == null && !entry.place().kind().segmented()) {
            byte[] content = tar.plain(entry.header(), entry.bytes());
            each.accept(entry.name(), content);
            if (entry.place().kind() == EntryPosition.Kind.GUEST) {
                guest = GuestRecord.fromJson(content);
            } else {
                texts.put(entry.place().kind(), Texts.utf8(content, entry.name()));
                entry = next();
            }
        }
        ahead = guest == null ? entry : null;
        return new PackageReader.Entry.Domain(
                Objects.requireNonNull(texts.get(EntryPosition.Kind.DOMAIN)),
                texts.get(EntryPosition.Kind.COOKIE),
                texts.get(EntryPosition.Kind.DEFINITION),
                guest == null ? GuestRecord.of(manifest) : guest);
    }
}
