// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.PackageLimits.Limit;
import io.vmmig.bundle.format.ByteCount;
import io.vmmig.bundle.format.Seal;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.bundle.format.TarInput;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.VmmigException;
import io.vmmig.snapshot.HeapBudget;
import io.vmmig.snapshot.PageDecoder;
import io.vmmig.snapshot.PageRing;
import io.vmmig.snapshot.PageTally;
import io.vmmig.snapshot.Reference;
import io.vmmig.snapshot.Segment;
import io.vmmig.snapshot.SegmentDecoder;
import io.vmmig.snapshot.SegmentPool;
import io.vmmig.snapshot.WorkerPool;
import io.vmmig.snapshot.ZstdCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Turns the entries of a tar back into contents, and delivers them in order. One background thread reads ahead and others decode, with a
 * bounded number of segments at a time. For one thread, except {@link #close()}.
 */
final class DecodingLine implements AutoCloseable {
    private static final String READING = "the package could not be read";

    private final WorkerPool workers = new WorkerPool("vmmig-decode");
    private final LinkedBlockingDeque<Item> items = new LinkedBlockingDeque<>();
    private final List<Future<SealedContent>> contents = new ArrayList<>();
    private final PackageWalk walk;
    private final int segmentBytes;
    private final SegmentPool pool;
    private final SegmentDecoder plain = ZstdCodec.decoder();
    private final CompletableFuture<List<Reference>> references = new CompletableFuture<>();
    private final Map<String, PageTally> tallies = new ConcurrentHashMap<>();
    private final PageRing ring = new PageRing();
    private final List<SegmentDecoder> decoders = new CopyOnWriteArrayList<>(List.of(plain));
    private final AtomicBoolean repeating = new AtomicBoolean(true);

    /** The next item of a package. */
    public sealed interface Item {
        /** The domain, with what is known of the guest besides it. */
        record Domain(PackageReader.Entry.Domain domain) implements Item {}

        /** The beginning of a content; its parts follow. */
        record Begin(EntryPosition place) implements Item {}

        /** A part of a content. */
        record Part(Segment segment, Future<Void> decoded, Runnable release) implements Item {}

        /** The end of a content. */
        record End() implements Item {}

        /** The end of the package, with the contents that were read. */
        record Whole(Seal seal, List<SealedContent> actual, PackageSummary summary) implements Item {}

        /** The package cannot be read any further. */
        record Failed(Throwable why) implements Item {}
    }

    /** Begins after the manifest. */
    DecodingLine(PackageWalk walk, PackageLimits limits) {
        this.walk = walk;
        this.segmentBytes = (int) limits.get(Limit.SEGMENT_BYTES);
        this.pool = new SegmentPool(
                HeapBudget.ofThisProgram().segments(), segmentBytes, (int) limits.get(Limit.STORED_SEGMENT_BYTES));
        SealedContent sealed = SealedContent.plain(TarInput.FIRST_ENTRY, walk.json());
        contents.add(workers.digest(() -> sealed));
        workers.move(this::fetch);
    }

    private @Nullable Void fetch() {
        try {
            PackageWalk.Entry entry = walk.next();
            while (entry != null) {
                entry = entry.place().kind().segmented() ? fetchContent(entry) : fetchDomain(entry);
            }
            fetchEnd();
        } catch (Exception | Error e) {
            items.add(new Item.Failed(e));
        }
        return null;
    }

    private PackageWalk.@Nullable Entry fetchDomain(PackageWalk.Entry first)
            throws IOException, PackageFormatException {
        items.add(new Item.Domain(walk.domain(
                first, (name, content) -> contents.add(workers.digest(() -> SealedContent.plain(name, content))))));
        return walk.next();
    }

    private PackageWalk.@Nullable Entry fetchContent(PackageWalk.Entry first) throws Exception {
        EntryPosition place = first.place();
        items.add(new Item.Begin(place));
        SegmentDecoder decoder = decoder(place);
        ByteCount decoded = new ByteCount();
        ByteCount stored = new ByteCount();
        SegmentDigests digests = new SegmentDigests(decoded);
        PackageWalk.Entry entry = first;
        long segments = 0;
        do {
            fetchSegment(entry, decoder, decoded, stored, digests);
            segments++;
            if (isWhole(place, decoded)) {
                walk.endContent();
                end(place, segments, decoded, stored, digests);
                return walk.next();
            }
            entry = walk.next();
        } while (entry != null && entry.segment() > 0);
        end(place, segments, decoded, stored, digests);
        return entry;
    }

    /**
     * Whether a content whose size is in the manifest is complete. A kernel or ramdisk is used before the next entry arrives, since the
     * guest still runs at the source.
     */
    private boolean isWhole(EntryPosition place, ByteCount decoded) throws Exception {
        return place.expected() != null && CrossThread.get(workers.digest(decoded::bytes)) == place.exactBytes();
    }

    private void end(EntryPosition place, long segments, ByteCount decoded, ByteCount stored, SegmentDigests digests) {
        contents.add(workers.digest(() -> {
            digests.finish();
            return SealedContent.segmented(place.name(), place.kind().encoding(), segments, decoded, stored);
        }));
        items.add(new Item.End());
    }

    private SegmentDecoder decoder(EntryPosition place) throws Exception {
        if (!place.kind().paged()) {
            return plain;
        }
        List<Reference> provided = CrossThread.get(references);
        PageTally tally = new PageTally(provided.size());
        tallies.put(place.name(), tally);
        PageDecoder decoder = new PageDecoder(provided, tally, ring, segmentBytes);
        decoders.add(decoder);
        return decoder;
    }

    private void fetchSegment(
            PackageWalk.Entry entry,
            SegmentDecoder decoder,
            ByteCount decoded,
            ByteCount stored,
            SegmentDigests digests)
            throws IOException, PackageFormatException, InterruptedException {
        Segment segment = pool.take();
        if (segment == null) {
            throw new CancellationException();
        }
        walk.take(entry, segment.stored());
        segment.storedLength(entry.bytes());
        Future<Void> decoding = workers.work(() -> {
            decoder.decode(segment);
            return null;
        });
        Future<Void> completing = workers.digest(() -> {
            CrossThread.get(decoding);
            decoder.complete(segment);
            return null;
        });
        stored.add(segment.stored(), segment.storedLength());
        // Returned by its last user: the digester or the reader of the content.
        AtomicInteger users = new AtomicInteger(2);
        Runnable release = () -> {
            if (users.decrementAndGet() == 0) {
                pool.give(segment);
            }
        };
        workers.digest(() -> {
            CrossThread.get(completing);
            int length = segment.decodedLength();
            if (entry.place().kind().paged()) {
                digests.add(
                        workers.work(() -> {
                            byte[] digest = segment.digest();
                            release.run();
                            return digest;
                        }),
                        length);
            } else {
                decoded.add(segment.decoded(), length);
                release.run();
            }
            return null;
        });
        items.add(new Item.Part(segment, completing, release));
    }

    private void fetchEnd() throws Exception {
        List<SealedContent> actual = new ArrayList<>();
        for (Future<SealedContent> content : contents) {
            actual.add(CrossThread.get(content));
        }
        repeating.set(false);
        Seal seen = new Seal(actual, walk.seal().signatures());
        items.add(new Item.Whole(
                walk.seal(),
                actual,
                PackageSummary.of(walk.bytes(), walk.sealDigest(), seen, tallies, walk.manifest())));
    }

    /**
     * Provides the references from which disks and snapshot are rebuilt, in the order of the manifest. Call this when the domain has been
     * taken, since some references may arrive before it.
     */
    public void provide(List<Reference> found) {
        references.complete(List.copyOf(found));
    }

    /** Waits for the next item. After a failure, each call fails again. */
    public Item next() throws VmmigException {
        Item item;
        try {
            item = items.takeFirst();
            if (item instanceof Item.Part part) {
                CrossThread.get(part.decoded());
            }
        } catch (InterruptedException e) {
            throw failing(CrossThread.interrupted(READING, e));
        } catch (CancellationException e) {
            throw failing(CrossThread.closed(READING));
        } catch (Exception e) {
            throw failing(CrossThread.toCaller(e, READING));
        }
        if (item instanceof Item.Failed failed) {
            items.addFirst(failed);
            throw workers.closed() ? CrossThread.closed(READING) : CrossThread.toCaller(failed.why(), READING);
        }
        return item;
    }

    /** Makes all further calls fail for this reason, which is returned. */
    public VmmigException failing(VmmigException why) {
        items.addFirst(new Item.Failed(why));
        return why;
    }

    @Override
    public void close() {
        workers.close();
        pool.close();
        decoders.forEach(SegmentDecoder::close);
        if (!repeating.getAndSet(true)) {
            ring.dissolve();
        }
        items.addFirst(new Item.Failed(CrossThread.closed(READING)));
    }
}
