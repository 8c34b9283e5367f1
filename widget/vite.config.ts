// One classic script for clinics' pages: dist/chat.js, with the style sheet inside.
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2022",
    lib: { entry: "src/main.ts", formats: ["iife"], name: "soudanChat", fileName: () => "chat.js" },
    copyPublicDir: false,
    reportCompressedSize: false,
  },
});
