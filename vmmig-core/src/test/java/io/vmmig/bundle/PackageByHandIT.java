// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.bundle.Packages.Contents;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A package opened with nothing of vmmig, as {@code docs/package-format.md} says. */
class PackageByHandIT {
    @TempDir
    Path directory;

    @Test
    void tarZstdAndAFewLinesOfPerlGiveTheContentsBack() throws Exception {
        Contents contents = Packages.small();
        contents.streams().put("snapshot", Packages.memory(13 << 20, 8));
        Files.write(directory.resolve("p"), Packages.write(contents));

        assertThat(run("tar tvf p")).contains("-rw------- 0/0", "manifest.json", "snapshot/000003", "seal.json");
        assertThat(run("tar xOf p manifest.json"))
                .isEqualTo(new String(contents.manifest().toJson(), StandardCharsets.UTF_8));
        run("tar xf p");
        try (InputStream decoder = PackageByHandIT.class.getResourceAsStream("pages.pl")) {
            Files.write(directory.resolve("pages.pl"), decoder.readAllBytes());
        }
        assertThat(directory.resolve("libvirt.xml")).hasContent(contents.xml());
        for (Map.Entry<String, byte[]> content : contents.streams().entrySet()) {
            boolean pages =
                    content.getKey().startsWith("disks/") || content.getKey().equals("snapshot");
            run("for s in " + content.getKey() + "/*; do zstd -dq < $s" + (pages ? " | perl pages.pl" : "")
                    + "; done > content");
            assertThat(directory.resolve("content")).hasBinaryContent(content.getValue());
            if (!pages) {
                String digest = run("sha256sum < content").substring(0, 64);
                assertThat(directory.resolve("seal.json")).content().contains(digest);
            }
            run("zstd -l " + content.getKey() + "/*");
        }
    }

    private String run(String command) throws Exception {
        Process process = new ProcessBuilder("sh", "-euc", command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as("%s (this test needs the commands tar, zstd and perl): %s", command, said)
                .isZero();
        return said;
    }
}
