// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.PackageFormatException;
import io.vmmig.bundle.format.TarHeader;
import io.vmmig.page.PageSource;
import io.vmmig.qcow2.SharedFile;
import io.vmmig.snapshot.PageMap;
import io.vmmig.snapshot.StoredSegments;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/** The pages of an earlier package, in the order in which its instructions produce them. Thread-safe. */
final class KeptPackage implements PageContent {
    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;

    /** Each takes up to 4 MiB of heap; several threads read at neighbouring places. */
    private static final int OPEN_SEGMENTS = 6;

    private final SharedFile file;
    private final List<PageSource> references;
    private final List<Place> places = new ArrayList<>();
    private final Map<Integer, OpenSegment> open = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, OpenSegment> eldest) {
            return size() > OPEN_SEGMENTS;
        }
    };

    private long positions;
    private long contents;

    /**
     * A segment in the file.
     *
     * @param at where its stored bytes begin
     * @param length how many there are
     * @param firstPosition the number of its first page
     * @param firstContent the number of its first content page
     */
    private record Place(long at, int length, long firstPosition, long firstContent) {}

    private record OpenSegment(byte[] body, PageMap map) {}

    private KeptPackage(SharedFile file, List<PageSource> references) {
        this.file = file;
        this.references = references;
    }

    /**
     * Opens a package that was verified when it was kept.
     *
     * @param references its own references, in the order of its manifest; they are closed with this
     */
    static KeptPackage open(Path path, List<PageSource> references) throws IOException {
        SharedFile file = SharedFile.open(path);
        KeptPackage opened = new KeptPackage(file, references);
        try {
            opened.findSegments();
            return opened;
        } catch (PackageFormatException e) {
            file.close();
            throw new IOException(path + " is damaged: " + e.getMessage(), e);
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private void findSegments() throws IOException, PackageFormatException {
        byte[] block = new byte[TarHeader.BLOCK];
        long at = 0;
        while (file.read(at, block, 0, block.length) == block.length && block[0] != 0) {
            TarHeader header = TarHeader.parse(block);
            at += TarHeader.BLOCK;
            if (header.name().startsWith("disks/") || header.name().startsWith("snapshot/")) {
                int length = Math.toIntExact(Math.min(header.size(), Integer.MAX_VALUE));
                PageMap map = StoredSegments.map(new BufferedInputStream(new Section(at, length)));
                places.add(new Place(at, length, positions, contents));
                positions += map.positions();
                contents += map.contents();
            }
            at += header.size() + Math.floorMod(-header.size(), (long) TarHeader.BLOCK);
        }
    }

    @Override
    public long bytes() {
        return positions * PAGE_BYTES;
    }

    @Override
    public long nextData(long position) {
        return position;
    }

    @Override
    public void read(long position, byte[] buffer, int offset, int length) throws IOException {
        for (int done = 0; done < length; done += PAGE_BYTES) {
            readPage((position + done) / PAGE_BYTES, buffer, offset + done);
        }
    }

    private void readPage(long page, byte[] buffer, int offset) throws IOException {
        try {
            int index = placeOfPosition(page);
            OpenSegment segment = segment(index);
            PageMap.Origin origin =
                    segment.map().atPosition((int) (page - places.get(index).firstPosition()));
            while (origin instanceof PageMap.Origin.Same same) {
                long content = places.get(index).firstContent() + same.content() - same.distance();
                if (content < 0 || same.distance() < 1) {
                    throw new IOException("a page leads nowhere");
                }
                index = placeOfContent(content);
                segment = segment(index);
                origin = segment.map()
                        .ofContent((int) (content - places.get(index).firstContent()));
            }
            copy(origin, segment.body(), buffer, offset);
        } catch (PackageFormatException | IndexOutOfBoundsException e) {
            throw new IOException(file.path() + " is damaged: " + e.getMessage(), e);
        }
    }

    private void copy(PageMap.Origin origin, byte[] body, byte[] buffer, int offset) throws IOException {
        if (origin instanceof PageMap.Origin.Filled filled) {
            Arrays.fill(buffer, offset, offset + PAGE_BYTES, filled.value());
        } else if (origin instanceof PageMap.Origin.Literal literal) {
            System.arraycopy(body, literal.offset(), buffer, offset, PAGE_BYTES);
        } else if (origin instanceof PageMap.Origin.Referenced referenced) {
            references.get(referenced.reference()).read(referenced.page(), buffer, offset);
            if (referenced.changeOffset() >= 0) {
                StoredSegments.change(body, referenced.changeOffset(), buffer, offset);
            }
        }
    }

    private int placeOfPosition(long position) {
        return lastUpTo(position, Place::firstPosition);
    }

    private int placeOfContent(long content) {
        return lastUpTo(content, Place::firstContent);
    }

    /** Segments without pages have the number of the one behind them, so the last one is the right one. */
    private int lastUpTo(long wanted, ToLongFunction<Place> first) {
        int low = 0;
        int high = places.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (first.applyAsLong(places.get(middle)) <= wanted) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private OpenSegment segment(int index) throws IOException, PackageFormatException {
        synchronized (open) {
            OpenSegment found = open.get(index);
            if (found != null) {
                return found;
            }
        }
        Place place = places.get(index);
        byte[] stored = new byte[place.length()];
        if (file.read(place.at(), stored, 0, stored.length) < stored.length) {
            throw new IOException(file.path() + " ends too early");
        }
        byte[] body = StoredSegments.body(stored);
        OpenSegment segment = new OpenSegment(body, PageMap.of(body, body.length));
        synchronized (open) {
            open.put(index, segment);
        }
        return segment;
    }

    @Override
    public void close() throws IOException {
        references.forEach(PageSource::close);
        file.close();
    }

    /** A part of the file as a stream. */
    private final class Section extends InputStream {
        private long at;
        private long left;

        Section(long at, long left) {
            this.at = at;
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int read = file.read(at, buffer, offset, (int) Math.min(length, left));
            if (read > 0) {
                at += read;
                left -= read;
            }
            return read;
        }
    }
}
