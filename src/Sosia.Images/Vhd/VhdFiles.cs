using Sosia.Core;
using Sosia.Images.Mapping;

namespace Sosia.Images.Vhd;

/// <summary>Opens and creates VHD images of every variant.</summary>
internal static class VhdFiles
{
    /// <summary>Opens an image.</summary>
    /// <exception cref="SosiaException">It is damaged or uses what is not implemented.</exception>
    public static DiskImage Open(ImageFile file, ImageOpenOptions options, BackingChain chain)
    {
        VhdFooter? footer = VhdFooter.Read(file, 0) ?? (file.ByteCount >= VhdFooter.ByteCount ? VhdFooter.Read(file, file.ByteCount - VhdFooter.ByteCount) : null);
        if (footer is null)
        {
            throw new SosiaException($"The disk image '{file.Path}' is no VHD image (it has no footer); name its format, or leave the format out.");
        }

        if (footer.Type != VhdFooter.Fixed)
        {
            return VhdImage.Open(file, footer, options, chain);
        }

        return file.ByteCount - VhdFooter.ByteCount >= footer.DiskByteCount
            ? new FlatImage(file, file.Path, ImageFormat.Vhd, 0, footer.DiskByteCount, "fixed")
            : throw ImageErrors.Damaged(file.Path, VhdFooter.Name, "it is shorter than its disk");
    }

    /// <summary>Writes a new image.</summary>
    /// <exception cref="SosiaException">An option is impossible, or the host failed.</exception>
    public static void Create(ImageFile file, ImageCreateOptions options)
    {
        bool isFixed = options.Subformat switch
        {
            null or "dynamic" => options.Preallocation != Preallocation.Off,
            "fixed" => true,
            _ => throw new SosiaException($"VHD images have no variant '{options.Subformat}'; choose dynamic or fixed."),
        };
        if (options.ByteCount > VhdFooter.MaxDiskByteCount)
        {
            throw new SosiaException($"A VHD image holds at most 2040 GiB, not {options.ByteCount} bytes; choose VHDX or a smaller disk.");
        }

        if (!isFixed)
        {
            VhdImage.CreateDynamic(file, options.ByteCount);
            return;
        }

        ImageErrors.ThrowIfFailed(file.Path, "created", file.SetByteCount(options.ByteCount));
        if (options.Preallocation == Preallocation.Falloc)
        {
            ImageErrors.ThrowIfFailed(file.Path, "created", file.Reserve(0, options.ByteCount));
        }

        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(options.ByteCount, VhdFooter.Create(options.ByteCount, isFixed: true)));
    }
}
