// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.error.VmmigException;
import io.vmmig.json.Malformed;
import io.vmmig.sparse.SparseInputStream;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One content as a stream, decoded as it is read. Every failure is an {@link IOException} whose cause is a
 * {@link VmmigException}. For one thread.
 */
final class ContentInputStream extends SparseInputStream {
    private final DecodingLine line;
    private final EntryPosition place;
    private final long limit;
    private DecodingLine.Item.@Nullable Part part;
    private int position;
    private long bytes;
    private boolean empty;
    private boolean ended;

    /**
     * The stream of the content that {@code line} has just begun.
     *
     * @param limit the most bytes that it may decode to
     */
    public ContentInputStream(DecodingLine line, EntryPosition place, long limit) {
        this.line = line;
        this.place = place;
        this.limit = limit;
    }

    /** The content's position. */
    public EntryPosition place() {
        return place;
    }

    /** Whether the content has been read to its end. */
    public boolean ended() {
        return ended;
    }

    /** How many bytes have been decoded. */
    public long bytes() {
        return bytes;
    }

    @Override
    public long skipZeros(long most) throws IOException {
        DecodingLine.Item.Part current = current();
        if (current == null || !current.segment().zeros()) {
            return 0;
        }
        int count = (int) Math.min(most, current.segment().decodedLength() - position);
        position += count;
        return count;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, buffer.length);
        if (length == 0) {
            return 0;
        }
        DecodingLine.Item.Part current = current();
        if (current == null) {
            return -1;
        }
        int count = Math.min(length, current.segment().decodedLength() - position);
        System.arraycopy(current.segment().decoded(), position, buffer, offset, count);
        position += count;
        return count;
    }

    /** The part that holds the next byte, or null at the end. */
    private DecodingLine.Item.@Nullable Part current() throws IOException {
        try {
            while (!ended && (part == null || position == part.segment().decodedLength())) {
                if (part != null) {
                    DecodingLine.Item.Part used = part;
                    part = null;
                    used.release().run();
                }
                if (line.next() instanceof DecodingLine.Item.Part next) {
                    begin(next);
                } else {
                    end();
                }
            }
            return part;
        } catch (VmmigException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private void begin(DecodingLine.Item.Part next) throws VmmigException {
        int length = next.segment().decodedLength();
        if (empty || (length == 0 && bytes > 0)) {
            throw Malformed.because("the content " + place.name() + " has an empty segment");
        }
        empty = length == 0;
        bytes += length;
        Malformed.requireWithin("the decoded size of " + place.name(), bytes, limit);
        if (place.exactBytes() >= 0 && bytes > place.exactBytes()) {
            throw wrongSize();
        }
        part = next;
        position = 0;
    }

    private void end() throws VmmigException {
        if (place.exactBytes() >= 0 && bytes != place.exactBytes()) {
            throw wrongSize();
        }
        ended = true;
    }

    private VmmigException wrongSize() {
        return Malformed.because("the content " + place.name() + " is not of the size that the manifest says");
    }
}
