// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.jspecify.annotations.Nullable;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.ls.DOMImplementationLS;
import org.w3c.dom.ls.LSSerializer;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/** Parses untrusted XML: no document types, no entities, no other files. */
final class Xml {
    private Xml() {}

    /** The root element. */
    static Element parse(String text) throws SAXException {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newDefaultInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.setAttribute(XMLConstants.ACCESS_EXTERNAL_DTD, "");
            factory.setAttribute(XMLConstants.ACCESS_EXTERNAL_SCHEMA, "");
            factory.setXIncludeAware(false);
            factory.setExpandEntityReferences(false);
            DocumentBuilder builder = factory.newDocumentBuilder();
            // The default one prints to stderr.
            builder.setErrorHandler(new DefaultHandler());
            return builder.parse(new InputSource(new StringReader(text))).getDocumentElement();
        } catch (ParserConfigurationException | IOException e) {
            throw new IllegalStateException("the JDK's own XML parser must offer this", e);
        }
    }

    /** The root element of what libvirt gave. */
    static Element ofLibvirt(String text) throws HypervisorException {
        try {
            return parse(text);
        } catch (SAXException e) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_FAILED, "libvirt's XML cannot be read: " + e.getMessage(), "", e);
        }
    }

    /** The devices of that kind in a domain. */
    static List<Element> devices(Element domain, String kind) {
        Element devices = child(domain, "devices");
        return devices == null ? List.of() : children(devices, kind);
    }

    /** An attribute of the first child element of that name; empty if there is none. */
    static String attribute(Element parent, String child, String attribute) {
        Element found = child(parent, child);
        return found == null ? "" : found.getAttribute(attribute);
    }

    /** The child elements of that name. */
    static List<Element> children(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element && element.getTagName().equals(name)) {
                found.add(element);
            }
        }
        return found;
    }

    /** The first child element of that name, or null. */
    static @Nullable Element child(Element parent, String name) {
        List<Element> found = children(parent, name);
        return found.isEmpty() ? null : found.get(0);
    }

    /** The trimmed text of the first child element of that name, or an empty string. */
    static String text(Element parent, String name) {
        Element child = child(parent, name);
        return child == null ? "" : child.getTextContent().trim();
    }

    /** Serializes an element for another document. */
    static String text(Element element) {
        DOMImplementationLS writing = (DOMImplementationLS)
                element.getOwnerDocument().getImplementation().getFeature("LS", "3.0");
        LSSerializer serializer = writing.createLSSerializer();
        serializer.getDomConfig().setParameter("xml-declaration", false);
        return serializer.writeToString(element);
    }

    /** Escapes a text for an attribute. */
    static String quoted(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace("'", "&apos;")
                .replace("\"", "&quot;");
    }
}
