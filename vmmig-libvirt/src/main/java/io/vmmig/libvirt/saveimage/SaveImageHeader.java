// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.saveimage;

import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The 92 bytes in front of a libvirt save image: a magic of 16 bytes and 19 little-endian words, of which 14 are unused.
 *
 * @param complete whether libvirt has finished the image, according to the magic
 * @param dataLength how many bytes of XML, cookie and padding follow the header
 * @param wasRunning whether the guest should run once it is restored
 * @param compression 0 for none, otherwise one of libvirt's numbers
 * @param cookieOffset where the cookie begins in the data, or 0 when there is none
 */
public record SaveImageHeader(boolean complete, int dataLength, boolean wasRunning, int compression, int cookieOffset) {
    /** The header's length in bytes. */
    public static final int BYTES = 92;

    /** The maximum of XML, cookie and padding: a thousand times what real guests have. */
    public static final int MAX_DATA_BYTES = 16 << 20;

    private static final int MAGIC_BYTES = 16;
    private static final byte[] COMPLETE = "LibvirtQemudSave".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PARTIAL = "LibvirtQemudPart".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 2;

    /** Parses an untrusted header. */
    public static SaveImageHeader parse(byte[] bytes) throws PackageFormatException {
        if (bytes.length != BYTES) {
            throw malformed("a header of " + bytes.length + " bytes");
        }
        byte[] magic = Arrays.copyOf(bytes, MAGIC_BYTES);
        boolean complete = Arrays.equals(magic, COMPLETE);
        if (!complete && !Arrays.equals(magic, PARTIAL)) {
            throw malformed("not a libvirt save image");
        }
        ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(MAGIC_BYTES);
        int version = words.getInt();
        if (version != VERSION) {
            throw malformed("version " + Integer.toUnsignedString(version) + " is not known");
        }
        int dataLength = words.getInt();
        if (dataLength <= 0 || dataLength > MAX_DATA_BYTES) {
            throw malformed("a domain of " + Integer.toUnsignedString(dataLength) + " bytes");
        }
        int wasRunning = words.getInt();
        if (wasRunning != 0 && wasRunning != 1) {
            throw malformed("the run state " + Integer.toUnsignedString(wasRunning) + " is not known");
        }
        int compression = words.getInt();
        int cookieOffset = words.getInt();
        if (cookieOffset < 0 || cookieOffset >= dataLength) {
            throw malformed("a cookie at " + Integer.toUnsignedString(cookieOffset) + " of " + dataLength);
        }
        return new SaveImageHeader(complete, dataLength, wasRunning == 1, compression, cookieOffset);
    }

    /** The error for an invalid save image. */
    static PackageFormatException malformed(String what) {
        return new PackageFormatException(
                Problem.IMAGE_MALFORMED, "the save image is malformed: " + what, "Save the guest again.");
    }

    /** Writes the header. */
    public byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(complete ? COMPLETE : PARTIAL);
        bytes.putInt(VERSION).putInt(dataLength).putInt(wasRunning ? 1 : 0);
        bytes.putInt(compression).putInt(cookieOffset);
        return bytes.array();
    }
}
