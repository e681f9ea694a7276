using System;
using Sosia.Core;
using Sosia.Images.Fat;
using Sosia.Images.Qcow2;
using Sosia.Images.Raw;
using Sosia.Images.Vdi;
using Sosia.Images.Vhd;
using Sosia.Images.Vhdx;
using Sosia.Images.Vmdk;

namespace Sosia.Images;

/// <summary>Opens and creates disk images of every format.</summary>
public static class DiskImages
{
    /// <summary>The formats' names, as they are typed.</summary>
    public const string FormatNames = "raw, qcow2, vmdk, vdi, vhd, vhdx or auto";

    private const string FolderPrefix = "fat:";
    private const string WritableFolderPrefix = "fat:rw:";

    /// <summary>Understands a format's name; "auto" is null.</summary>
    /// <exception cref="SosiaException">There is no such format.</exception>
    public static ImageFormat? ParseFormat(string name) => name switch
    {
        "auto" => null,
        "raw" => ImageFormat.Raw,
        "qcow2" => ImageFormat.Qcow2,
        "vmdk" => ImageFormat.Vmdk,
        "vdi" => ImageFormat.Vdi,
        "vhd" or "vpc" => ImageFormat.Vhd,
        "vhdx" => ImageFormat.Vhdx,
        _ => throw new SosiaException($"The disk image format '{name}' is unknown; choose {FormatNames}."),
    };

    /// <summary>A format's name.</summary>
    public static string NameOf(ImageFormat format) => format switch
    {
        ImageFormat.Raw => "raw",
        ImageFormat.Qcow2 => "qcow2",
        ImageFormat.Vmdk => "vmdk",
        ImageFormat.Vdi => "vdi",
        ImageFormat.Vhd => "vhd",
        ImageFormat.Vhdx => "vhdx",
        _ => "fat",
    };

    /// <summary>Opens and locks an image and everything below it.</summary>
    /// <param name="path">The file, or <c>fat:FOLDER</c>, or <c>fat:rw:FOLDER</c> to bring what is written back to the folder.</param>
    /// <param name="options">How.</param>
    /// <exception cref="SosiaException">It cannot be used; the message says why and what to do. Nothing was written.</exception>
    public static DiskImage Open(string path, ImageOpenOptions options) => Open(path, options, new BackingChain());

    /// <summary>True for a name that means a folder, shown as a disk: <c>fat:DIR</c>.</summary>
    /// <param name="path">The name.</param>
    public static bool IsFolder(string path) => path.StartsWith(FolderPrefix, StringComparison.Ordinal);

    internal static DiskImage Open(string path, ImageOpenOptions options, BackingChain chain)
    {
        if (IsFolder(path) && options.Format is null)
        {
            return OpenFolder(path, options);
        }

        ImageFile file = ImageFile.Open(path, options.IsReadOnly);
        try
        {
            ImageFormat format = options.Format ?? ImageProbe.Recognize(file) ?? ImageFormat.Raw;
            chain.Enter(file);
            return format switch
            {
                ImageFormat.Raw => RawFileBackend.Open(file, isGuessed: options.Format is null),
                ImageFormat.Qcow2 => Qcow2Image.Open(file, options, chain),
                ImageFormat.Vdi => VdiImage.Open(file, options, chain),
                ImageFormat.Vhd => VhdFiles.Open(file, options, chain),
                ImageFormat.Vmdk => VmdkFiles.Open(file, options, chain),
                _ => VhdxImage.Open(file, options),
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static DiskImage OpenFolder(string path, ImageOpenOptions options)
    {
        bool isWritable = path.StartsWith(WritableFolderPrefix, StringComparison.Ordinal);
        string folder = path[(isWritable ? WritableFolderPrefix : FolderPrefix).Length..];
        return options.IsReadOnly || options.ForCheck ? FatFolderImage.Open(folder)
            : isWritable ? FatFolderDisk.Open(folder)
            : throw new SosiaException($"The folder of the disk '{path}' is not to be written to unless that is asked for: add readonly to the drive, or snapshot to throw away what the guest writes, or say fat:rw:{folder} to have it brought back to the folder.");
    }
}
