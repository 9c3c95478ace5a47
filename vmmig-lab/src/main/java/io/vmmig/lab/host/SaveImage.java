// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * What {@code virsh save} writes: a header, then the domain XML and more, whose length the header gives, then QEMU's stream. See
 * {@code src/qemu/qemu_saveimage.h} of libvirt.
 *
 * @param host where the guest was
 * @param file the image
 */
public record SaveImage(LabHost host, Path file) {
    private static final byte[] MAGIC = "LibvirtQemudSave".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER_BYTES = 92;
    private static final int LENGTH_OFFSET = 20;
    private static final int BUFFER_BYTES = 1 << 20;

    /** Saves a guest, which ends it. */
    public static SaveImage of(LabGuest guest, Path file) {
        Virsh.at(guest.host(), "save", guest.name(), file.toString());
        return new SaveImage(guest.host(), file);
    }

    /** Restores the guest on its host. */
    public void restore() {
        Virsh.at(host, "restore", file.toString());
    }

    /** QEMU's stream in it; the caller closes it. */
    public InputStream stream() throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES);
        boolean found = false;
        try {
            byte[] header = in.readNBytes(HEADER_BYTES);
            if (header.length < HEADER_BYTES || Arrays.mismatch(header, MAGIC) != MAGIC.length) {
                throw new IOException(file + " is not a save image");
            }
            in.skipNBytes(ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt(LENGTH_OFFSET));
            found = true;
            return in;
        } catch (EOFException e) {
            throw new IOException(file + " is a truncated save image", e);
        } finally {
            if (!found) {
                in.close();
            }
        }
    }
}
