using System.IO;
using Sosia.Core;
using Sosia.Images.Qcow2;
using Sosia.Images.Vdi;
using Sosia.Images.Vhd;
using Sosia.Images.Vhdx;
using Sosia.Images.Vmdk;

namespace Sosia.Images;

/// <summary>Creates images.</summary>
public static class ImageCreator
{
    private const ulong SectorByteCount = 512;

    /// <summary>
    /// Creates an empty image. It has its name only when it is whole; what has that name is never touched unless it is to be replaced.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What it is to be like.</param>
    /// <param name="replace">True to replace an existing file that nobody uses.</param>
    /// <exception cref="SosiaException">An option is impossible, the file exists, or the host failed.</exception>
    public static void Create(string path, ImageCreateOptions options, bool replace = false)
    {
        using var target = new PendingFile(path, replace);
        CreateNew(target.TemporaryPath, options, path);
        target.Commit();
    }

    /// <summary>Creates an empty image under a name that does not exist.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What it is to be like.</param>
    /// <param name="finalPath">The name that it will have: what a backing file's name is relative to.</param>
    /// <exception cref="SosiaException">An option is impossible, the file exists, or the host failed.</exception>
    internal static void CreateNew(string path, ImageCreateOptions options, string finalPath)
    {
        options = Complete(options, finalPath);
        try
        {
            using (ImageFile file = ImageFile.Create(path))
            {
                switch (options.Format)
                {
                    case ImageFormat.Raw:
                        CreateRaw(file, options);
                        break;
                    case ImageFormat.Qcow2:
                        Qcow2Creator.Create(file, options);
                        break;
                    case ImageFormat.Vdi:
                        VdiImage.Create(file, options);
                        break;
                    case ImageFormat.Vhd:
                        VhdFiles.Create(file, options);
                        break;
                    case ImageFormat.Vmdk:
                        VmdkFiles.Create(file, options, finalPath);
                        break;
                    case ImageFormat.Vhdx:
                        VhdxCreator.Create(file, options);
                        break;
                    default:
                        throw new SosiaException($"Images of the format '{DiskImages.NameOf(options.Format)}' cannot be created; choose {DiskImages.FormatNames}.");
                }

                ImageErrors.ThrowIfFailed(path, "created", file.Flush());
            }

            if (options.Format == ImageFormat.Qcow2 && options.Preallocation != Preallocation.Off)
            {
                using DiskImage image = DiskImages.Open(path, new ImageOpenOptions { Format = ImageFormat.Qcow2 });
                ((Qcow2Image)image).Preallocate(options.Preallocation == Preallocation.Falloc);
            }
        }
        catch (SosiaException)
        {
            File.Delete(path);
            throw;
        }
    }

    private static ImageCreateOptions Complete(ImageCreateOptions options, string path)
    {
        if (options.BackingFile is not null)
        {
            if (options.Format != ImageFormat.Qcow2)
            {
                throw new SosiaException($"New images of the format '{DiskImages.NameOf(options.Format)}' cannot have a backing file; choose qcow2.");
            }

            if (options.Preallocation != Preallocation.Off)
            {
                throw new SosiaException("An image with a backing file cannot be preallocated, which would hide the backing file; leave out one of both.");
            }

            // Opened once: it exists, it is an image, and its size is known.
            using DiskImage backing = DiskImages.Open(ImagePaths.Resolve(path, options.BackingFile), new ImageOpenOptions { Format = options.BackingFormat, IsReadOnly = true });
            options = options with { BackingFormat = backing.Format, ByteCount = options.ByteCount == 0 ? backing.ByteCount : options.ByteCount };
        }

        return options.ByteCount == 0 || options.ByteCount % SectorByteCount != 0
            ? throw new SosiaException($"A disk of {options.ByteCount} bytes is impossible; give it a multiple of {SectorByteCount} bytes.")
            : options;
    }

    private static void CreateRaw(ImageFile file, ImageCreateOptions options)
    {
        if (options.ClusterByteCount != 0 || options.Subformat is not null)
        {
            throw new SosiaException("Raw images have neither cluster sizes nor variants; leave out -o.");
        }

        ImageErrors.ThrowIfFailed(file.Path, "created", options.ByteCount <= long.MaxValue ? file.SetByteCount(options.ByteCount) : BlockResult.NoSpace);
        if (options.Preallocation == Preallocation.Falloc)
        {
            ImageErrors.ThrowIfFailed(file.Path, "created", file.Reserve(0, options.ByteCount));
        }
    }
}
