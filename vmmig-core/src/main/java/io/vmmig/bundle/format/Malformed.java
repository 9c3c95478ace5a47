// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.error.Failure;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The ways in which a package is refused, each in the same words wherever it happens. */
public final class Malformed {
    private static final int MAX_QUOTED = 64;
    private static final int MAX_START = 16;
    private static final int TAR_MAGIC = 257;
    /** What people take for a package, by its first bytes. */
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

    private Malformed() {}

    /** The package breaks the format's rules. */
    public static PackageFormatException because(String what) {
        return because(what, null);
    }

    /** The package breaks the format's rules, as an exception from beneath shows. */
    public static PackageFormatException because(String what, @Nullable Throwable cause) {
        return refusal(
                Problem.PACKAGE_MALFORMED,
                what,
                "The package is damaged, or was not made by vmmig; make it afresh at the source.",
                cause);
    }

    /**
     * What was to be a package is anything else.
     *
     * @param start its first block
     */
    public static PackageFormatException noPackage(byte[] start) {
        return refusal(
                Problem.PACKAGE_MALFORMED,
                "this is not a vmmig package, but " + kindOf(start),
                "Name the file or the address of a package that vmmig has written.",
                null);
    }

    private static String kindOf(byte[] start) {
        String text = new String(start, StandardCharsets.ISO_8859_1);
        for (Map.Entry<String, String> kind : KINDS.entrySet()) {
            if (text.startsWith(kind.getKey())) {
                return kind.getValue();
            }
        }
        if (text.startsWith("ustar", TAR_MAGIC)) {
            return "a tar archive, whose first entry is " + quoted(TarHeader.nameIn(start));
        }
        String first = text.substring(0, Math.min(text.length(), MAX_START));
        return text.chars().allMatch(c -> c == 0) ? "zeros" : "something that begins with " + quoted(first);
    }

    /** The package ends before its end. */
    public static PackageFormatException truncated(String what) {
        return refusal(
                Problem.PACKAGE_TRUNCATED,
                what,
                "The package was not written or carried to its end; make it afresh at the source.",
                null);
    }

    /** The package is of a format that only a later vmmig reads. */
    public static PackageFormatException tooNew(String what) {
        return refusal(Problem.PACKAGE_TOO_NEW, what, "Use a newer vmmig at the destination.", null);
    }

    /** The package claims more than the reader is willing to take. */
    public static PackageFormatException overLimit(String what, long value, long limit) {
        return refusal(
                Problem.PACKAGE_LIMIT_EXCEEDED,
                what + " is " + value + ", and the limit is " + limit,
                "If the package is to be trusted with that, raise the limit in PackageLimits.",
                null);
    }

    /** Foreign text in a form that may stand in a message: short, and without control characters. */
    public static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().limit(MAX_QUOTED).forEach(c -> quoted.appendCodePoint(Texts.isPlain(c) ? c : '?'));
        if (text.codePointCount(0, text.length()) > MAX_QUOTED) {
            quoted.append("...");
        }
        return quoted.append('"').toString();
    }

    private static PackageFormatException refusal(
            Problem problem, String what, String remedy, @Nullable Throwable cause) {
        return new PackageFormatException(Failure.of(problem, what, remedy), cause);
    }
}
