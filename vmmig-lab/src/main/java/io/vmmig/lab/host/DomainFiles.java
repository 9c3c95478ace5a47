// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.LabException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.xpath.XPathExpressionException;
import javax.xml.xpath.XPathFactory;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * Where the files of a running guest are.
 *
 * @param document the live domain XML
 */
record DomainFiles(Document document) {
    static DomainFiles of(String xml) {
        try {
            return new DomainFiles(DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(new StringReader(xml))));
        } catch (ParserConfigurationException | SAXException | IOException e) {
            throw new LabException("libvirt gave no XML", e);
        }
    }

    /** What the first serial port writes to. */
    Path console() {
        return Path.of(find("/domain/devices/serial[1]/source/@path"));
    }

    /** The image that the disk of that target writes to. */
    Path disk(String target) {
        return Path.of(find("/domain/devices/disk[target/@dev='" + target + "']/source/@file"));
    }

    /** The socket of the channel of that name. */
    Path channel(String name) {
        return Path.of(find("/domain/devices/channel[target/@name='" + name + "']/source/@path"));
    }

    private String find(String expression) {
        try {
            String found = XPathFactory.newInstance().newXPath().evaluate(expression, document);
            if (found.isEmpty()) {
                throw new LabException("the domain XML has no " + expression);
            }
            return found;
        } catch (XPathExpressionException e) {
            throw new LabException("could not look for " + expression, e);
        }
    }
}
