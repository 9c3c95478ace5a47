// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * VMCOREINFO: a page of text in which a Linux kernel describes itself for the analysis of its memory after a crash. See {@code
 * Documentation/admin-guide/kdump/vmcoreinfo.rst}.
 */
final class VmCoreInfo {
    static final byte[] MAGIC = "OSRELEASE=".getBytes(StandardCharsets.US_ASCII);

    private static final int MAX_SIZE = 1 << 20;

    private final byte[] page;
    private final Map<String, String> fields = new HashMap<>();

    /** Parses a page that begins like VMCOREINFO. */
    VmCoreInfo(byte[] page) {
        this.page = page;
        int end = 0;
        while (end < page.length && page[end] != 0) {
            end++;
        }
        new String(page, 0, end, StandardCharsets.ISO_8859_1).lines().forEach(line -> {
            int equals = line.indexOf('=');
            if (equals > 0) {
                fields.put(line.substring(0, equals), line.substring(equals + 1));
            }
        });
    }

    static boolean begins(byte[] bytes, int offset) {
        return offset + MAGIC.length <= bytes.length
                && Arrays.equals(bytes, offset, offset + MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    boolean isStill(byte[] now) {
        return Arrays.equals(page, now);
    }

    boolean isSame(VmCoreInfo other) {
        return fields.equals(other.fields);
    }

    boolean has(String field) {
        return fields.containsKey(field);
    }

    String release() {
        return fields.getOrDefault("OSRELEASE", "?");
    }

    /** The size of a page. */
    int pageBytes() throws Doubt {
        return small("PAGESIZE");
    }

    /** A kernel address. */
    long symbol(String name) throws Doubt {
        return parsed("SYMBOL(" + name + ")", VmCoreInfo::hexadecimal);
    }

    /** A number of either sign, decimal or hexadecimal. */
    long number(String name) throws Doubt {
        return parsed(
                "NUMBER(" + name + ")", value -> value.startsWith("0x") ? hexadecimal(value) : Long.parseLong(value));
    }

    int offset(String member) throws Doubt {
        return small("OFFSET(" + member + ")");
    }

    int size(String type) throws Doubt {
        return small("SIZE(" + type + ")");
    }

    int length(String array) throws Doubt {
        return small("LENGTH(" + array + ")");
    }

    private int small(String field) throws Doubt {
        long value = parsed(field, Integer::parseInt);
        if (value < 0 || value > MAX_SIZE) {
            throw new Doubt("its kernel gives an impossible " + field);
        }
        return (int) value;
    }

    private static long hexadecimal(String value) {
        return Long.parseUnsignedLong(value.startsWith("0x") ? value.substring(2) : value, 16);
    }

    private long parsed(String field, ToLongFunction<String> parser) throws Doubt {
        String value = fields.get(field);
        if (value == null) {
            throw new Doubt("its kernel, Linux " + release() + ", does not give " + field);
        }
        try {
            return parser.applyAsLong(value);
        } catch (NumberFormatException e) {
            throw new Doubt("its kernel gives a malformed " + field, e);
        }
    }
}
