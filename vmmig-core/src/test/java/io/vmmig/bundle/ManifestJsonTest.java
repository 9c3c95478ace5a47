// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.PackageLimits.Limit;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestJsonTest {
    private static final String FULL = new String(Manifests.full().toJson(), StandardCharsets.UTF_8);

    @Test
    void readsWhatItWrites() throws Exception {
        for (Manifest manifest : List.of(Manifests.full(), Manifests.of(List.of()))) {
            assertThat(Manifest.fromJson(manifest.toJson(), PackageLimits.DEFAULT))
                    .isEqualTo(manifest);
        }
    }

    @Test
    void beginsWithTheFormatVersion() {
        assertThat(FULL).startsWith("{\n  \"vmmig\": 2,\n");
        assertThat(Manifests.full().toJson()).isEqualTo(Manifests.full().toJson());
    }

    @Test
    void ignoresWhatItDoesNotKnow() throws Exception {
        String more = FULL.replace("\"guest\":", "\"novelty\": {\"a\": [1, 2.5e3, null]}, \"guest\":")
                .replace("\"target\": \"vda\"", "\"novelty\": true, \"target\": \"vda\"");
        assertThat(read(more)).isEqualTo(Manifests.full());
    }

    /** A later vmmig may offer to refer to content in ways that we do not know. */
    @Test
    void anOfferIsWithoutTheReferencesThatAreNotKnown() throws Exception {
        Manifest full = Manifests.full()
                .withReferences(List.of(
                        new Manifest.Reference(Manifest.Reference.Kind.BOOT, Manifests.DIGEST),
                        new Manifest.Reference(Manifest.Reference.Kind.BOOT_2, Manifests.DIGEST)));
        byte[] later = new String(full.toJson(), StandardCharsets.UTF_8)
                .replace("\"boot-2\"", "\"boot-3\"")
                .getBytes(StandardCharsets.UTF_8);
        assertThat(Manifest.fromOffer(later, PackageLimits.DEFAULT).references())
                .containsExactly(full.references().get(0));
        assertThat(catchThrowableOfType(
                                PackageFormatException.class, () -> Manifest.fromJson(later, PackageLimits.DEFAULT))
                        .problem())
                .isEqualTo(Problem.PACKAGE_TOO_NEW);
        assertThat(Manifest.fromOffer(full.toJson(), PackageLimits.DEFAULT)).isEqualTo(full);
    }

    @Test
    void takesCriticalFieldsThatItKnows() throws Exception {
        assertThat(read(FULL.replace("\"guest\":", "\"critical\": [\"disks\", \"kernel\"], \"guest\":")))
                .isEqualTo(Manifests.full());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '\'',
            delimiter = '|',
            value = {
                // What is replaced | by what | the problem | a word of the message
                "'\"vmmig\": 2' | '\"vmmig\": 5' | PACKAGE_TOO_NEW | version 5",
                "'\"guest\":' | '\"critical\": [\"novelty\"], \"novelty\": 1, \"guest\":' | PACKAGE_TOO_NEW | novelty",
                "'\"target\": \"vda\"' | '\"critical\": [\"x\"], \"target\": \"vda\"' | PACKAGE_TOO_NEW | disks 0",
                "'\"snapshot\": \"pages\"' | '\"snapshot\": \"lines\"' | PACKAGE_TOO_NEW | lines",
                "'\"vmmig\": 2' | '\"vmmig\": 0' | PACKAGE_MALFORMED | out of range",
                "'\"vmmig\": 2' | '\"vmmig\": \"1\"' | PACKAGE_MALFORMED | whole number",
                "'\"vmmig\": 2,' | '' | PACKAGE_MALFORMED | begin",
                "'\"package\"' | '\"vmmig\": 2, \"package\"' | PACKAGE_MALFORMED | twice",
                "'\"guest\":' | '\"critical\": \"disks\", \"guest\":' | PACKAGE_MALFORMED | array",
                "'web-1' | '../web' | PACKAGE_MALFORMED | name",
                "'web-1' | 'a/b' | PACKAGE_MALFORMED | name",
                "'web-1' | '' | PACKAGE_MALFORMED | name",
                "'web-1' | 'a\\nb' | PACKAGE_MALFORMED | name",
                "'web-1' | 'a\\u202eb' | PACKAGE_MALFORMED | name",
                "'web-1' | 'a\\ud800b' | PACKAGE_MALFORMED | name",
                "'\"vda\"' | '\"../vda\"' | PACKAGE_MALFORMED | target",
                "'\"vda\"' | '\"sdb\"' | PACKAGE_MALFORMED | sdb",
                "'\"vda\"' | '\"VDA\"' | PACKAGE_MALFORMED | target",
                "'\"kvm\"' | '\"xen\"' | PACKAGE_MALFORMED | type",
                "'536870912' | '-1' | PACKAGE_MALFORMED | memory",
                "'536870912' | '0' | PACKAGE_MALFORMED | memory",
                "'536870912' | '1e9' | PACKAGE_MALFORMED | memory",
                "'536870912' | '99999999999999999999' | PACKAGE_MALFORMED | memory",
                "'536870912' | '9223372036854775807' | PACKAGE_LIMIT_EXCEEDED | memory",
                "'\"vcpus\": 2' | '\"vcpus\": 2.0' | PACKAGE_MALFORMED | vcpus",
                "'\"vcpus\": 2' | '\"vcpus\": NaN' | PACKAGE_MALFORMED | JSON",
                "'\"running\": true' | '\"running\": 1' | PACKAGE_MALFORMED | running",
                "'2026-01-31' | '2026-13-31' | PACKAGE_MALFORMED | created",
                "'2026-01-31' | '+1000000000-01-31' | PACKAGE_MALFORMED | created",
                "'sha256:' | 'md5:' | PACKAGE_MALFORMED | digest",
                "'\"virtual\": 1073741824' | '\"virtual\": 1e40' | PACKAGE_MALFORMED | virtual",
                "'\"file\": 200000' | '\"file\": 9223372036854775807' | PACKAGE_LIMIT_EXCEEDED | file",
                "'\"format\": \"qcow2\"' | '\"format\": \"vmdk\"' | PACKAGE_MALFORMED | vmdk",
                "'\"format\": \"qcow2\"' | '\"format\": \"raw\"' | PACKAGE_MALFORMED | raw",
                "'\"guest\": {' | '\"guest\": {/* */' | PACKAGE_MALFORMED | JSON",
                "'\"layers\": []' | '\"layers\": {}' | PACKAGE_MALFORMED | layers",
            })
    void refuses(String part, String replacement, Problem problem, String word) {
        assertThat(FULL).contains(part);
        PackageFormatException refusal =
                catchThrowableOfType(PackageFormatException.class, () -> read(FULL.replace(part, replacement)));
        assertThat(refusal).isNotNull().hasMessageContaining(word);
        assertThat(refusal.problem()).isEqualTo(problem);
        assertThat(refusal.getMessage()).doesNotContain("\n").doesNotContain("\u202e");
    }

    @Test
    void refusesOtherBytes() {
        for (String text :
                List.of("", " ", "[]", "1", "null", "{", "{}", FULL + "{}", FULL + "x", "[".repeat(100_000))) {
            assertThat(catchThrowableOfType(PackageFormatException.class, () -> read(text)))
                    .isNotNull();
        }
        byte[] notUtf8 = FULL.getBytes(StandardCharsets.UTF_8);
        notUtf8[FULL.indexOf("web-1")] = (byte) 0xff;
        assertThat(catchThrowableOfType(
                        PackageFormatException.class, () -> Manifest.fromJson(notUtf8, PackageLimits.DEFAULT)))
                .hasMessageContaining("UTF-8");
    }

    @Test
    void refusesWhatIsDeepOrCrowded() {
        String deep = FULL.replace("\"guest\":", "\"x\": " + "[".repeat(500) + "]".repeat(500) + ", \"guest\":");
        assertThat(catchThrowableOfType(PackageFormatException.class, () -> read(deep)))
                .hasMessageContaining("deep");
        String crowded = FULL.replace("\"guest\":", "\"x\": [1" + ",1".repeat(300_000) + "], \"guest\":");
        assertThat(catchThrowableOfType(PackageFormatException.class, () -> read(crowded)))
                .hasMessageContaining("too many");
    }

    @Test
    void keepsToTheLimits() {
        assertLimit(PackageLimits.DEFAULT.with(Limit.MANIFEST_BYTES, 100));
        assertLimit(PackageLimits.DEFAULT.with(Limit.DISKS, 2));
        assertLimit(PackageLimits.DEFAULT.with(Limit.LAYERS, 1));
        assertLimit(PackageLimits.DEFAULT.with(Limit.MEMORY_BYTES, 1 << 20));
        assertLimit(PackageLimits.DEFAULT.with(Limit.KERNEL_BYTES, 1000));
        assertLimit(PackageLimits.DEFAULT.with(Limit.RAMDISK_BYTES, 1000));
        assertLimit(PackageLimits.DEFAULT.with(Limit.DISK_BYTES, 400_000));
        assertLimit(PackageLimits.DEFAULT.with(Limit.VIRTUAL_DISK_BYTES, 1 << 20));
    }

    private static void assertLimit(PackageLimits limits) {
        PackageFormatException refusal = catchThrowableOfType(
                PackageFormatException.class,
                () -> Manifest.fromJson(Manifests.full().toJson(), limits));
        assertThat(refusal).isNotNull();
        assertThat(refusal.problem()).isEqualTo(Problem.PACKAGE_LIMIT_EXCEEDED);
    }

    @Test
    void survivesAnything() {
        Random random = new Random(1);
        byte[] whole = Manifests.full().toJson();
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = random.nextInt(4) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int i = random.nextInt(4); i >= 0 && bytes.length > 0; i--) {
                bytes[random.nextInt(bytes.length)] =
                        random.nextBoolean() ? (byte) random.nextInt(256) : whole[random.nextInt(whole.length)];
            }
            try {
                Manifest manifest = Manifest.fromJson(bytes, PackageLimits.DEFAULT);
                assertThat(Manifest.fromJson(manifest.toJson(), PackageLimits.DEFAULT))
                        .isEqualTo(manifest);
            } catch (PackageFormatException expected) {
                assertThat(expected.problem().family()).isEqualTo(Problem.Family.PACKAGE_FORMAT);
            }
        }
    }

    private static Manifest read(String json) throws PackageFormatException {
        return Manifest.fromJson(json.getBytes(StandardCharsets.UTF_8), PackageLimits.DEFAULT);
    }
}
