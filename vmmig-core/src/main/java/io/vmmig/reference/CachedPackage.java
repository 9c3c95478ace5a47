// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageLimits.Limit;
import io.vmmig.bundle.PackageReader;
import io.vmmig.content.Digest;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.VmmigException;
import io.vmmig.files.SharedFile;
import io.vmmig.json.Malformed;
import io.vmmig.page.PageSource;
import io.vmmig.snapshot.Deltas;
import io.vmmig.snapshot.PageMap;
import io.vmmig.snapshot.SharedSegment;
import io.vmmig.snapshot.SpareRoom;
import io.vmmig.sparse.BlockInput;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;

/** The pages of an earlier package, in the order in which its instructions produce them. Thread-safe. */
final class CachedPackage implements PageContent {
    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;
    private static final int STORED_BYTES = (int) PackageLimits.DEFAULT.get(Limit.STORED_SEGMENT_BYTES);
    /** Returned instead of the number of a content page. */
    private static final long COPIED = -1;

    private final SharedFile file;
    private final List<PageSource> references;
    private final SegmentCache cache;
    private final Consumer<PackageFormatException> onDamage;
    private final AtomicBoolean toldOfDamage = new AtomicBoolean();
    private final List<Place> places = new ArrayList<>();

    private long positions;
    private long contents;

    /**
     * A segment in the file.
     *
     * @param at the position of its stored bytes
     * @param length their number
     * @param firstPosition the number of its first page
     * @param firstContent the number of its first content page
     */
    private record Place(long at, int length, long firstPosition, long firstContent) {}

    private CachedPackage(
            SharedFile file,
            List<PageSource> references,
            SegmentCache cache,
            Consumer<PackageFormatException> onDamage) {
        this.file = file;
        this.references = references;
        this.cache = cache;
        this.onDamage = onDamage;
    }

    /**
     * Opens a package that was verified when it was cached.
     *
     * @param seal the digest of its seal
     * @param references its own references, in the order of its manifest; they are closed with this
     * @param cache shared with the packages that it refers to
     * @param onDamage called once if a page turns out to be damaged
     * @throws PackageFormatException if it is incomplete, or another package
     */
    static CachedPackage open(
            Path path,
            Digest seal,
            List<PageSource> references,
            SegmentCache cache,
            Consumer<PackageFormatException> onDamage)
            throws IOException, VmmigException {
        SharedFile file = SharedFile.open(path);
        CachedPackage opened = new CachedPackage(file, references, cache, onDamage);
        try {
            opened.findSegments(seal);
            return opened;
        } catch (VmmigException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private void findSegments(Digest seal) throws VmmigException {
        InputStream whole = new Section(0, file.bytes());
        PackageReader.Outline outline = PackageReader.readOutline(whole, PackageLimits.DEFAULT, this::addSegment);
        if (!outline.seal().equals(seal)) {
            throw Malformed.because("the package has another seal than the cache expects");
        }
    }

    private void addSegment(long at, int length) throws IOException, PackageFormatException {
        PageMap map = PageMap.read(new BufferedInputStream(new Section(at, length)));
        places.add(new Place(at, length, positions, contents));
        positions += map.positions();
        contents += map.contents();
    }

    @Override
    public long bytes() {
        return positions * PAGE_BYTES;
    }

    /** Visits only the first of equal pages, and none of one repeated byte. */
    @Override
    public void visit(Visitor visitor) throws IOException {
        byte[] page = new byte[PAGE_BYTES];
        try (SpareRoom stored = new SpareRoom(STORED_BYTES)) {
            for (Place place : places) {
                try (SharedSegment segment = decoded(place, stored)) {
                    for (int at = 0; at < segment.map().positions(); at++) {
                        PageMap.Origin origin = segment.map().atPosition(at);
                        if (origin instanceof PageMap.Origin.Literal literal) {
                            visitor.page(segment.body(), literal.offset(), place.firstPosition() + at);
                        } else if (origin instanceof PageMap.Origin.Referenced) {
                            copy(origin, segment.body(), page, 0);
                            visitor.page(page, 0, place.firstPosition() + at);
                        }
                    }
                }
            }
        } catch (PackageFormatException | IndexOutOfBoundsException e) {
            throw damaged(e);
        }
    }

    @Override
    public void read(long position, byte[] buffer, int offset, int length) throws IOException {
        for (int done = 0; done < length; done += PAGE_BYTES) {
            readPage((position + done) / PAGE_BYTES, buffer, offset + done);
        }
    }

    private void readPage(long page, byte[] buffer, int offset) throws IOException {
        try {
            int place = PageMap.lastUpTo(page, places, Place::firstPosition);
            int position = (int) (page - places.get(place).firstPosition());
            long content = copyOrFollow(place, map -> map.atPosition(position), buffer, offset);
            while (content != COPIED) {
                place = PageMap.lastUpTo(content, places, Place::firstContent);
                int wanted = (int) (content - places.get(place).firstContent());
                content = copyOrFollow(place, map -> map.ofContent(wanted), buffer, offset);
            }
        } catch (PackageFormatException | IndexOutOfBoundsException e) {
            throw damaged(e);
        }
    }

    /** Copies a page out of a segment, or returns the number of the content page that it equals. */
    private long copyOrFollow(int place, Function<PageMap, PageMap.Origin> page, byte[] buffer, int offset)
            throws IOException, PackageFormatException {
        try (SharedSegment segment = segment(place)) {
            PageMap.Origin origin = page.apply(segment.map());
            if (!(origin instanceof PageMap.Origin.Same same)) {
                copy(origin, segment.body(), buffer, offset);
                return COPIED;
            }
            long content = places.get(place).firstContent() + same.content() - same.distance();
            if (content < 0) {
                throw Malformed.because("a page leads nowhere");
            }
            return content;
        }
    }

    private IOException damaged(Exception e) {
        PackageFormatException damage = e instanceof PackageFormatException malformed
                ? malformed
                : Malformed.because("the package refers to pages that are not there", e);
        if (!toldOfDamage.getAndSet(true)) {
            onDamage.accept(damage);
        }
        return new IOException(file.path() + " is damaged: " + damage.getMessage(), damage);
    }

    private void copy(PageMap.Origin origin, byte[] body, byte[] buffer, int offset) throws IOException {
        if (origin instanceof PageMap.Origin.Filled filled) {
            Arrays.fill(buffer, offset, offset + PAGE_BYTES, filled.value());
        } else if (origin instanceof PageMap.Origin.Literal literal) {
            System.arraycopy(body, literal.offset(), buffer, offset, PAGE_BYTES);
        } else if (origin instanceof PageMap.Origin.Referenced referenced) {
            references.get(referenced.reference()).read(referenced.page(), buffer, offset);
            if (referenced.changeOffset() >= 0) {
                Deltas.apply(body, referenced.changeOffset(), buffer, offset);
            }
        }
    }

    /** The caller closes the segment. */
    private SharedSegment segment(int index) throws IOException, PackageFormatException {
        SharedSegment cached = cache.get(this, index);
        if (cached != null) {
            return cached;
        }
        Place place = places.get(index);
        try (SpareRoom stored = new SpareRoom(STORED_BYTES)) {
            SharedSegment segment = decoded(place, stored);
            cache.put(this, index, segment);
            return segment;
        }
    }

    /** The caller closes the segment. */
    private SharedSegment decoded(Place place, SpareRoom stored) throws IOException, PackageFormatException {
        if (file.read(place.at(), stored.bytes(), 0, place.length()) < place.length()) {
            throw Malformed.truncated("the package ends after " + file.bytes() + " bytes, before its end");
        }
        return SharedSegment.of(stored.bytes(), place.length());
    }

    @Override
    public void close() throws IOException {
        cache.remove(this);
        references.forEach(PageSource::close);
        file.close();
    }

    /** A part of the file as a stream. */
    private final class Section extends BlockInput {
        private long at;
        private long left;

        Section(long at, long left) {
            this.at = at;
            this.left = left;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (left == 0) {
                return -1;
            }
            int read = file.read(at, buffer, offset, (int) Math.min(length, left));
            if (read <= 0) {
                throw new EOFException(file.path() + " has become shorter");
            }
            at += read;
            left -= read;
            return read;
        }

        @Override
        public long skip(long count) {
            long skipped = Math.max(0, Math.min(count, left));
            at += skipped;
            left -= skipped;
            return skipped;
        }
    }
}
