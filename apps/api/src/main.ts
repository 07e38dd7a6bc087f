import { NestFactory } from '@nestjs/core';
import { Module, Controller, Get } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
@Controller()
class A {
  @Get(':x') get() {
    return 'hi';
  }
}
@Module({ controllers: [A] })
class M {}
async function main() {
  const app = await NestFactory.create(M, new FastifyAdapter({ routerOptions: { caseSensitive: false } }));
  await app.init();
  console.log('ok');
  await app.close();
}
void main();
