using System;
using System.Collections.Generic;
using System.IO;
using Sosia.Core;
using Sosia.Images.Mapping;

namespace Sosia.Images.Vmdk;

/// <summary>Opens and creates VMDK images of every variant.</summary>
internal static class VmdkFiles
{
    /// <summary>Opens an image: one sparse file, or a descriptor with the files that it names.</summary>
    /// <exception cref="SosiaException">It is damaged or uses what is not implemented.</exception>
    public static DiskImage Open(ImageFile file, ImageOpenOptions options, BackingChain chain)
    {
        byte[] start = new byte[VmdkSparseHeader.ByteCount];
        ImageErrors.ThrowIfFailed(file.Path, "read", file.Read(0, start));
        if (start.AsSpan().StartsWith("KDMV"u8))
        {
            return VmdkSparseImage.Open(file, options, chain, isPart: false);
        }

        if (start.AsSpan().StartsWith("COWD"u8))
        {
            throw ImageErrors.Unsupported(file.Path, VmdkDescriptor.Name, "the sparse format of old ESX servers (COWD)", "convert it with the program that wrote it");
        }

        if (file.ByteCount > VmdkDescriptor.MaxByteCount || start.AsSpan().IndexOf("# Disk DescriptorFile"u8) < 0)
        {
            throw new SosiaException($"The disk image '{file.Path}' is no VMDK image (it has neither a header nor a descriptor); name its format, or leave the format out.");
        }

        byte[] text = new byte[file.ByteCount];
        file.ReadOrThrow(0, text, VmdkDescriptor.Name, "its descriptor");
        VmdkDescriptor descriptor = VmdkDescriptor.Parse(file.Path, text);
        if (descriptor.ParentFile is not null && !options.ForCheck)
        {
            throw ImageErrors.Unsupported(file.Path, VmdkDescriptor.Name, "a parent with a separate descriptor", "convert it with the program that wrote it");
        }

        if (descriptor.Extents.Count == 0)
        {
            throw ImageErrors.Damaged(file.Path, VmdkDescriptor.Name, "its descriptor names no extents");
        }

        return OpenExtents(file, descriptor, options, chain);
    }

    /// <summary>Writes a new image.</summary>
    /// <exception cref="SosiaException">An option is impossible, or the host failed.</exception>
    public static void Create(ImageFile file, ImageCreateOptions options, string finalPath)
    {
        if (options.Subformat is not (null or "monolithicSparse"))
        {
            throw new SosiaException($"Creating VMDK images of the variant '{options.Subformat}' is not implemented; choose monolithicSparse.");
        }

        if (options.Preallocation != Preallocation.Off)
        {
            throw new SosiaException("Preallocation is not implemented for VMDK images; leave it out, or choose another format.");
        }

        VmdkSparseHeader.Create(file, options.ByteCount, Path.GetFileName(finalPath));
    }

    private static DiskImage OpenExtents(ImageFile file, VmdkDescriptor descriptor, ImageOpenOptions options, BackingChain chain)
    {
        List<DiskImage> parts = [];
        try
        {
            foreach (VmdkExtent extent in descriptor.Extents)
            {
                parts.Add(OpenExtent(file.Path, descriptor, extent, options, chain));
            }
        }
        catch
        {
            parts.ForEach(static p => p.Dispose());
            throw;
        }

        return new SplitImage(file, ImageFormat.Vmdk, parts, descriptor.CreateType);
    }

    private static DiskImage OpenExtent(string owner, VmdkDescriptor descriptor, VmdkExtent extent, ImageOpenOptions options, BackingChain chain)
    {
        if (extent.Kind is not ("FLAT" or "SPARSE"))
        {
            throw ImageErrors.Unsupported(owner, VmdkDescriptor.Name, $"the extent type {extent.Kind}", "convert it with the program that wrote it");
        }

        ImageFile file = ImageFile.Open(Path.Combine(Path.GetDirectoryName(owner) ?? string.Empty, extent.File), options.IsReadOnly);
        try
        {
            ulong byteCount = extent.SectorCount * 512;
            ulong start = extent.StartSector * 512;
            DiskImage part = extent.Kind == "SPARSE" ? VmdkSparseImage.Open(file, options, chain, isPart: true)
                : start <= file.ByteCount && byteCount <= file.ByteCount - start ? new FlatImage(file, owner, ImageFormat.Vmdk, start, byteCount, descriptor.CreateType)
                : throw ImageErrors.Damaged(owner, VmdkDescriptor.Name, $"its extent file '{extent.File}' is too short");
            return part.ByteCount == byteCount ? part : throw ImageErrors.Damaged(owner, VmdkDescriptor.Name, $"its extent file '{extent.File}' has {part.ByteCount} bytes instead of {byteCount}");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
