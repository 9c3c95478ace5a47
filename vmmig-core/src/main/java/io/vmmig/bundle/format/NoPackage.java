// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.json.Malformed;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Identifies what somebody mistook for a package. */
final class NoPackage {
    private static final int MAX_START = 16;
    private static final int TAR_MAGIC = 257;
    /** Descriptions of other kinds of files, by their first bytes. */
    private static final Map<String, String> KINDS = Map.of(
            "QFI\u00fb", "a qcow2 image",
            "LibvirtQemud", "a save image of libvirt's",
            "QEVM", "a migration stream of QEMU's",
            "\u001f\u008b", "a gzip file",
            "PK\u0003\u0004", "a zip file",
            "\u0028\u00b5\u002f\u00fd", "a zstd file",
            "age-encryption.org/", "a sealed file: say with which keys it opens, as with PackageFile.openedBy",
            "-----BEGIN AGE", "a sealed file in the text form, which only age -d opens",
            "<", "a page of XML or HTML");

    private NoPackage() {}

    /**
     * The refusal of a file that is not a package.
     *
     * @param start its first block
     */
    static PackageFormatException because(byte[] start) {
        return new PackageFormatException(
                Problem.PACKAGE_MALFORMED,
                "this is not a vmmig package, but " + kindOf(start),
                "Name the file or the address of a package that vmmig has written.");
    }

    private static String kindOf(byte[] start) {
        String text = new String(start, StandardCharsets.ISO_8859_1);
        for (Map.Entry<String, String> kind : KINDS.entrySet()) {
            if (text.startsWith(kind.getKey())) {
                return kind.getValue();
            }
        }
        if (text.startsWith("ustar", TAR_MAGIC)) {
            return "a tar archive, whose first entry is " + Malformed.quoted(TarHeader.nameIn(start));
        }
        String first = text.substring(0, Math.min(text.length(), MAX_START));
        return text.chars().allMatch(c -> c == 0) ? "zeros" : "something that begins with " + Malformed.quoted(first);
    }
}
