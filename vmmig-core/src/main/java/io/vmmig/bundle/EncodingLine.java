// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.PackageLimits.Limit;
import io.vmmig.bundle.format.ByteCount;
import io.vmmig.bundle.format.Seal;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.bundle.format.TarOutput;
import io.vmmig.content.Digest;
import io.vmmig.content.Level;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.snapshot.HeapBudget;
import io.vmmig.snapshot.LevelControl;
import io.vmmig.snapshot.PageEncoder;
import io.vmmig.snapshot.PageSegmenter;
import io.vmmig.snapshot.PageTally;
import io.vmmig.snapshot.Reference;
import io.vmmig.snapshot.Segment;
import io.vmmig.snapshot.SegmentEncoder;
import io.vmmig.snapshot.SegmentPool;
import io.vmmig.snapshot.Segmenter;
import io.vmmig.snapshot.UsualShifts;
import io.vmmig.snapshot.WorkerPool;
import io.vmmig.snapshot.ZstdCodec;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Turns contents into the entries of a tar. The caller's thread reads them; background threads digest, encode and write, with a bounded
 * number of segments at a time. The first failure stops everything. For one thread, except {@link #close()}.
 */
final class EncodingLine implements AutoCloseable {
    private static final int SEGMENT_BYTES = PackageLimits.MAX_SEGMENT_BYTES;
    private static final String WRITING = "the package could not be written";

    private final WorkerPool workers = new WorkerPool("vmmig-encode");
    private final SegmentPool pool =
            SegmentPool.forWriting(HeapBudget.ofThisProgram().segments(), SEGMENT_BYTES, (int)
                    PackageLimits.DEFAULT.get(Limit.STORED_SEGMENT_BYTES));
    private final SegmentEncoder plain;
    private final PageSegmenter pages = new PageSegmenter();
    private final List<Reference> references;
    private final UsualShifts ofMemory;
    private final LevelControl level;
    private final Map<String, PageTally> tallies = new LinkedHashMap<>();
    private final List<SegmentEncoder> encoders = new ArrayList<>();
    private final TarOutput tar;
    private final List<Future<SealedContent>> contents = new ArrayList<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final AtomicBoolean cutting = new AtomicBoolean(true);

    /**
     * Writes to {@code out} from a background thread, and never closes it.
     *
     * @param references where pages are looked up, in the order of the manifest
     */
    public EncodingLine(OutputStream out, List<Reference> references, Level level) {
        this.tar = new TarOutput(out);
        this.references = List.copyOf(references);
        this.ofMemory = new UsualShifts(references.size());
        this.level = LevelControl.of(level);
        this.plain = ZstdCodec.encoder(level);
        encoders.add(plain);
    }

    /** Adds a content that is stored unchanged as one entry. */
    public void plain(String name, byte[] content) throws VmmigException {
        contents.add(move(() -> {
            tar.entry(name, content, content.length);
            tar.flush();
            return SealedContent.plain(name, content);
        }));
    }

    /** Adds a content that is split into segments; returns when it has been read to its end. */
    public void segmented(EntryPosition place, InputStream in) throws VmmigException {
        try {
            cut(place, in);
        } catch (VmmigException | RuntimeException | Error e) {
            // A later call must not hide that something is missing here.
            fail(e);
            throw e;
        }
    }

    private void cut(EntryPosition place, InputStream in) throws VmmigException {
        Segmenter segmenter = segmenter(place);
        SegmentEncoder encoder = encoder(place);
        ByteCount decoded = new ByteCount();
        ByteCount stored = new ByteCount();
        long index = 0;
        long bytes = 0;
        boolean more = true;
        while (more) {
            boolean busy = pool.exhausted();
            Segment segment = take();
            more = fill(place, segmenter, in, segment);
            if (segment.decodedLength() == 0 && index > 0) {
                pool.give(segment);
                break;
            }
            if (index == SealedContent.MAX_SEGMENTS) {
                throw tooLarge(place);
            }
            bytes += segment.decodedLength();
            encode(place, index, encoder, segment, decoded, stored, busy);
            index++;
        }
        requireSize(place, bytes);
        long segments = index;
        contents.add(move(() -> {
            SealedContent sealed =
                    SealedContent.segmented(place.name(), place.kind().encoding(), segments, decoded, stored);
            place.requireExpected(sealed);
            return sealed;
        }));
    }

    private Segment take() throws VmmigException {
        try {
            Segment segment = pool.take();
            if (segment == null) {
                throw failed();
            }
            return segment;
        } catch (InterruptedException e) {
            throw CrossThread.interrupted(WRITING, e);
        }
    }

    private Segmenter segmenter(EntryPosition place) {
        return switch (place.kind()) {
            case PRECOPY -> pages.precopy();
            case SNAPSHOT -> pages.snapshot();
            case DISK -> pages.disk();
            default -> ZstdCodec::fill;
        };
    }

    private SegmentEncoder encoder(EntryPosition place) {
        if (!place.kind().paged()) {
            return plain;
        }
        PageTally tally = new PageTally(references.size());
        tallies.put(place.name(), tally);
        UsualShifts usual = place.kind() == EntryPosition.Kind.DISK ? new UsualShifts(references.size()) : ofMemory;
        PageEncoder encoder = new PageEncoder(references, level, tally, usual, SEGMENT_BYTES);
        encoders.add(encoder);
        return encoder;
    }

    private static boolean fill(EntryPosition place, Segmenter segmenter, InputStream in, Segment segment)
            throws VmmigException {
        try {
            return segmenter.fill(segment, in);
        } catch (IOException e) {
            throw VmmigException.from(
                    e, Problem.FILE_FAILED, "the content " + place.name() + " could not be read for the package", "");
        }
    }

    private void encode(
            EntryPosition place,
            long index,
            SegmentEncoder encoder,
            Segment segment,
            ByteCount decoded,
            ByteCount stored,
            boolean inputWaited)
            throws VmmigException {
        boolean paged = place.kind().paged();
        Future<byte[]> digested = submit(() -> paged
                ? workers.work(segment::digest)
                : workers.digest(() -> {
                    decoded.add(segment.decoded(), segment.decodedLength());
                    return new byte[0];
                }));
        Future<Void> encoded = submit(() -> workers.work(() -> {
            encoder.encode(segment);
            return null;
        }));
        move(() -> {
            long begun = System.nanoTime();
            CrossThread.get(encoded);
            long ready = System.nanoTime();
            stored.add(segment.stored(), segment.storedLength());
            tar.entry(place.segmentName(index), segment.stored(), segment.storedLength());
            // References to pages are so small that without a flush the other end would be idle until all were sent.
            tar.flush();
            // Data that do not compress are stored fast at every level.
            if (segment.storedLength() < segment.decodedLength() / 64L * 63) {
                level.learn(ready - begun, System.nanoTime() - ready, inputWaited);
            }
            byte[] digest = CrossThread.get(digested);
            if (paged) {
                decoded.addDigest(digest, segment.decodedLength());
            }
            pool.give(segment);
            return null;
        });
    }

    private static VmmigException tooLarge(EntryPosition place) {
        return VmmigException.of(
                Problem.DISK_UNSUPPORTED,
                "the content " + place.name() + " is larger than a package can hold: "
                        + (long) SealedContent.MAX_SEGMENTS * SEGMENT_BYTES + " bytes",
                "Move that disk by other means.");
    }

    private static void requireSize(EntryPosition place, long bytes) throws VmmigException {
        if (place.exactBytes() >= 0 && place.exactBytes() != bytes) {
            throw VmmigException.of(
                    Problem.FILE_FAILED,
                    "the content " + place.name() + " has " + bytes + " bytes, and the manifest says "
                            + place.exactBytes(),
                    "Let nothing change the guest's files while it moves, and try again.");
        }
    }

    /** Waits until everything that was added is written and flushed. */
    public void flush() throws VmmigException {
        await(move(() -> {
            tar.flush();
            return true;
        }));
    }

    /** Waits until everything that was added is written, and seals it. */
    public PackageSummary finish(PackageWriter.Signer signer, Manifest manifest) throws VmmigException {
        List<SealedContent> sealed = new ArrayList<>();
        for (Future<SealedContent> content : contents) {
            sealed.add(await(content));
        }
        Seal seal = new Seal(sealed, signer.sign(new Seal(sealed, List.of()).contentsDigest()));
        byte[] json = seal.toJson();
        long bytes = await(move(() -> {
            tar.entry(Seal.ENTRY, json, json.length);
            tar.end();
            return tar.bytes();
        }));
        cutting.set(false);
        return PackageSummary.of(bytes, Digest.of(json), seal, tallies, manifest);
    }

    private <T> T await(Future<T> future) throws VmmigException {
        try {
            return CrossThread.get(future);
        } catch (InterruptedException e) {
            // A worker may have been interrupted because this was closed.
            if (failure.get() == null) {
                fail(CrossThread.interrupted(WRITING, e));
            }
            throw failed();
        } catch (CancellationException e) {
            throw failed();
        } catch (Exception e) {
            fail(e);
            throw failed();
        }
    }

    private <T> Future<T> move(Callable<T> work) throws VmmigException {
        return submit(() -> workers.move(() -> {
            if (failure.get() != null) {
                throw new CancellationException();
            }
            try {
                return work.call();
            } catch (Exception | Error e) {
                fail(e);
                throw e;
            }
        }));
    }

    private <T> Future<T> submit(Supplier<Future<T>> submission) throws VmmigException {
        if (failure.get() != null) {
            throw failed();
        }
        try {
            return submission.get();
        } catch (RejectedExecutionException e) {
            throw failed();
        }
    }

    private void fail(Throwable why) {
        failure.compareAndSet(null, why);
        pool.close();
    }

    private VmmigException failed() {
        Throwable why = failure.get();
        return why == null ? CrossThread.closed(WRITING) : CrossThread.toCaller(why, WRITING);
    }

    @Override
    public void close() {
        // First, or the exceptions of interrupted workers would count as the cause.
        fail(CrossThread.closed(WRITING));
        workers.close();
        encoders.forEach(SegmentEncoder::close);
        if (!cutting.getAndSet(true)) {
            pages.dissolve();
        }
    }
}
