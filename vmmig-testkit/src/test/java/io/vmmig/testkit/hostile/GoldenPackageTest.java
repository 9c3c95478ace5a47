// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageReader.Entry;
import io.vmmig.content.Digest;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import io.vmmig.reference.ImageStore;
import io.vmmig.reference.PageLayout;
import io.vmmig.reference.ReferenceStore;
import io.vmmig.testkit.GoldenPackage;
import io.vmmig.testkit.GoldenPackage.Content;
import io.vmmig.testkit.hostile.GoldenCases.Golden;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GoldenPackageTest {
    @TempDir
    private Path directory;

    private static Map<String, Golden> made() {
        Map<String, Golden> made = new LinkedHashMap<>(new GoldenRules().cases);
        made.putAll(new GoldenBootFiles().cases);
        return made;
    }

    private static List<Content> contents(Golden golden) {
        return golden.contents().entrySet().stream()
                .map(content -> new Content(
                        content.getKey(),
                        content.getValue().length,
                        HandMadePackage.digest(content.getValue()).substring("sha256:".length())))
                .toList();
    }

    /** Whoever changes a case makes all of them again with {@link #main}. */
    @Test
    void arePublishedAsTheyAreMade() throws Exception {
        Map<String, Golden> made = made();
        assertThat(GoldenPackage.all()).extracting(GoldenPackage::name).containsExactlyElementsOf(made.keySet());
        for (GoldenPackage published : GoldenPackage.all()) {
            Golden golden = Objects.requireNonNull(made.get(published.name()));
            try (InputStream in = published.open()) {
                assertThat(in.readAllBytes()).as(published.name()).isEqualTo(golden.bytes());
            }
            assertThat(published.problem()).isEqualTo(golden.problem());
            assertThat(published.contents()).isEqualTo(contents(golden));
        }
    }

    static List<GoldenPackage> published() {
        return GoldenPackage.all();
    }

    @ParameterizedTest
    @MethodSource("published")
    void isReadAsExpected(GoldenPackage golden) throws Exception {
        List<Content> contents = new ArrayList<>();
        Throwable refusal = catchThrowable(() -> read(golden, contents));
        if (golden.problem() == null) {
            assertThat(refusal).isNull();
            // The reader gives the manifest parsed, and what surrounds the XML.
            List<Content> streams = golden.contents().stream()
                    .filter(content ->
                            !content.name().endsWith(".json") && !content.name().endsWith(".xml"))
                    .toList();
            assertThat(contents).isEqualTo(streams);
        } else {
            assertThat(problem(refusal)).as("%s", refusal).isEqualTo(golden.problem());
        }
    }

    private static Problem problem(Throwable refusal) {
        return refusal instanceof IOException && refusal.getCause() instanceof VmmigException cause
                ? cause.problem()
                : ((VmmigException) refusal).problem();
    }

    private void read(GoldenPackage golden, List<Content> contents) throws IOException, VmmigException {
        ReferenceStore store = ImageStore.at(directory.resolve("images")).references();
        try (InputStream in = golden.open();
                PackageReader reader =
                        PackageReader.from(in, PackageLimits.DEFAULT, manifest -> find(store, manifest))) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof Entry.Kernel kernel) {
                    byte[] bytes = digest("kernel", kernel.stream(), contents);
                    Digest digest = Digest.parse(HandMadePackage.digest(bytes));
                    store.adopt(
                            new ByteArrayInputStream(bytes), digest, PageLayout.ofBootFile(reader.manifest(), digest));
                } else if (entry instanceof Entry.DiskLayer layer) {
                    digest("disks/vda.0.raw", layer.stream(), contents);
                } else if (entry instanceof Entry.Precopy precopy) {
                    digest("precopy", precopy.stream(), contents);
                } else if (entry instanceof Entry.Snapshot snapshot) {
                    digest("snapshot", snapshot.stream(), contents);
                }
            }
            reader.verify();
        }
    }

    private static byte[] digest(String name, InputStream in, List<Content> contents) throws IOException {
        byte[] bytes = in.readAllBytes();
        contents.add(
                new Content(name, bytes.length, HandMadePackage.digest(bytes).substring("sha256:".length())));
        return bytes;
    }

    private static List<PageSource> find(ReferenceStore store, Manifest manifest) throws VmmigException {
        List<PageSource> pages = new ArrayList<>();
        for (Manifest.Reference reference : manifest.references()) {
            Optional<PageSource> found = store.find(reference);
            pages.add(found.orElseThrow(
                    () -> new IncompatibleException(Problem.REFERENCE_MISSING, "there is no " + reference, "")));
        }
        return pages;
    }

    /** Makes all of them, in the directory that is named. */
    public static void main(String[] args) throws IOException {
        Path directory = Path.of(args[0]);
        try (Stream<Path> old = Files.list(directory)) {
            for (Path file : old.filter(file -> !file.endsWith("README.md")).toList()) {
                Files.delete(file);
            }
        }
        StringBuilder expected = new StringBuilder("package\toutcome\tshows\n");
        ByteArrayOutputStream contents = new ByteArrayOutputStream();
        contents.writeBytes("package\tcontent\tbytes\tsha256\n".getBytes(StandardCharsets.UTF_8));
        for (Map.Entry<String, Golden> made : made().entrySet()) {
            Golden golden = made.getValue();
            Files.write(directory.resolve(made.getKey() + ".vmmig"), golden.bytes());
            expected.append(made.getKey())
                    .append('\t')
                    .append(golden.problem() == null ? "accepted" : golden.problem())
                    .append('\t')
                    .append(golden.shows())
                    .append('\n');
            for (Content content : contents(golden)) {
                String row = String.join(
                        "\t", made.getKey(), content.name(), Long.toString(content.bytes()), content.sha256());
                contents.writeBytes((row + "\n").getBytes(StandardCharsets.UTF_8));
            }
        }
        Files.writeString(directory.resolve("expected.tsv"), expected);
        Files.write(directory.resolve("contents.tsv"), contents.toByteArray());
    }
}
